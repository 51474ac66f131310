"""What an experiment says about its claim, decided by intervals alone.

A claim is one or more comparisons of two estimates with intervals. A comparison is supported where the intervals do not
overlap and lie in the order that the claim says; contradicted where they lie the other way round; open where they
overlap. A claim is supported where all its comparisons are, and not supported where any is contradicted. The sentence
is built from the figures when it is shown (`words.py`), in the reader's language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from atalho.json_values import JsonObject
from atalho.metrics.intervals import t_interval
from atalho.stored import own_form
from atalho.text import Text

SHARE: Final = (0.0, 1.0)
Outcome = Literal["supported", "not supported", "not enough evidence"]
Order = Literal["above", "below", "equal"]
Unit = Literal["percent", "number", "seconds"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with the ends of its 95% interval, which are None where they are not known: one value has no spread."""

    name: str | None = None
    """Of what was measured. It is absent from most; where it is there it may be empty."""
    mean: float
    """The mean; of factors the geometric mean."""
    low: float | None
    """The lower end."""
    high: float | None
    """The upper end."""

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True, kw_only=True)
class Sample(Interval):
    """A mean, its interval and the values that they come from."""

    values: tuple[float, ...]
    """One for each seed, line or batch, in their order."""


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

    @classmethod
    def of(cls, name: Text | str, interval: Interval) -> Self:
        """An interval under a name."""
        low = -math.inf if interval.low is None else interval.low
        return cls(name, interval.mean, low, math.inf if interval.high is None else interval.high)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        name = kept["name"] if isinstance(kept["name"], str) else Text.from_json(kept["name"])
        return cls.of(name, Interval(mean=kept["mean"], low=kept["low"], high=kept["high"]))

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def interval(self, name: str | None = None) -> Interval:
        """Mean and ends."""
        return Interval(name=name, mean=self.mean, low=_known(self.low), high=_known(self.high))

    def sample(self, values: Sequence[float], name: str | None = None) -> Sample:
        """Mean and ends, with the values that they come from."""
        low, high = _known(self.low), _known(self.high)
        return Sample(name=name, mean=self.mean, low=low, high=high, values=tuple(values))

    def to_json(self) -> JsonObject:
        """As a result keeps it; an end at infinity is null."""
        name = self.name.to_json() if isinstance(self.name, Text) else self.name
        return {"name": name, "mean": self.mean, "low": _known(self.low), "high": _known(self.high)}


def _known(end: float) -> float | None:
    return end if math.isfinite(end) else None


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

    def to_json(self) -> JsonObject:
        """As a result keeps it; ends at infinity become null."""
        return {
            "quantity": self.quantity.to_json(),
            "left": self.left.to_json(),
            "order": self.order,
            "right": self.right.to_json(),
            "unit": self.unit,
            "outcome": self.outcome,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        left, right = (Estimate.from_json(kept[side]) for side in ("left", "right"))
        return cls(Text.from_json(kept["quantity"]), left, kept["order"], right, kept["unit"])


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

    def to_json(self) -> JsonObject:
        """As a result keeps it."""
        return {"outcome": self.outcome, "comparisons": [comparison.to_json() for comparison in self.comparisons]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(tuple(map(Comparison.from_json, kept["comparisons"])))


own_form(Verdict, Verdict.to_json, Verdict.from_json)
