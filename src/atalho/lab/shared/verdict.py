"""What an experiment says about its claim, decided by intervals alone.

A claim is one or more comparisons of two estimates with intervals. A comparison is supported where the intervals do not
overlap and lie in the order that the claim says; contradicted where they lie the other way round; open where they
overlap. A claim is supported where all its comparisons are, and not supported where any is contradicted. The sentence
is built from the figures when it is shown (`words.py`), in the reader's language.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from atalho.metrics.intervals import t_interval
from atalho.text import Text

SHARE: Final = (0.0, 1.0)
Outcome = Literal["supported", "not supported", "not enough evidence"]
Order = Literal["above", "below", "equal"]
Unit = Literal["percent", "number", "seconds"]


@dataclass(frozen=True)
class Estimate:
    """A measured quantity of something that has a name (`plain56`), with the interval [low, high].

    An exact quantity, such as a count, has an interval of no width.
    """

    name: Text | str
    mean: float
    low: float
    high: float

    @classmethod
    def over_seeds(
        cls, name: Text | str, values: Sequence[float], *, within: tuple[float, float] = (-math.inf, math.inf)
    ) -> Estimate:
        """Student's interval over seeds, cut at what is possible: a share lies `within` (0, 1).

        One value alone says nothing of its spread: its interval is everything.
        """
        if len(values) < 2:
            return cls(name, values[0], -math.inf, math.inf)
        mean, low, high = t_interval(values)
        return cls(name, mean, max(low, within[0]), min(high, within[1]))

    @classmethod
    def exact(cls, name: Text | str, value: float) -> Estimate:
        """A quantity without spread."""
        return cls(name, value, value, value)

    def to_json(self) -> dict[str, Any]:
        """As a result keeps it."""
        return {"name": self.name.to_json() if isinstance(self.name, Text) else self.name, **self.interval()}

    def interval(self) -> dict[str, float | None]:
        """Mean and ends, without the name; an end at infinity is null."""
        low, high = (end if math.isfinite(end) else None for end in (self.low, self.high))
        return {"mean": self.mean, "low": low, "high": high}


@dataclass(frozen=True)
class Comparison:
    """`quantity` of `left` is said to be above, below or equal to that of `right`."""

    quantity: Text
    left: Estimate
    order: Order
    right: Estimate
    unit: Unit = "percent"

    @property
    def outcome(self) -> Outcome:
        """Supported, not supported (the other way round), or not enough evidence (the intervals overlap)."""
        apart_above, apart_below = self.left.low > self.right.high, self.left.high < self.right.low
        if self.order == "equal":
            exact = self.left.low == self.left.high == self.right.low == self.right.high
            return "supported" if exact else "not supported" if apart_above or apart_below else "not enough evidence"
        as_said, otherwise = (apart_above, apart_below) if self.order == "above" else (apart_below, apart_above)
        return "supported" if as_said else "not supported" if otherwise else "not enough evidence"

    def to_json(self) -> dict[str, Any]:
        """As a result keeps it; ends at infinity become null."""
        return {
            "quantity": self.quantity.to_json(),
            "left": self.left.to_json(),
            "order": self.order,
            "right": self.right.to_json(),
            "unit": self.unit,
            "outcome": self.outcome,
        }


@dataclass(frozen=True)
class Verdict:
    """The comparisons of a claim. With none that could be made, there is not enough evidence."""

    comparisons: tuple[Comparison, ...]

    @property
    def outcome(self) -> Outcome:
        """What they come to."""
        outcomes = {comparison.outcome for comparison in self.comparisons}
        if "not supported" in outcomes:
            return "not supported"
        return "supported" if outcomes == {"supported"} else "not enough evidence"

    def to_json(self) -> dict[str, Any]:
        """As a result keeps it."""
        return {"outcome": self.outcome, "comparisons": [comparison.to_json() for comparison in self.comparisons]}
