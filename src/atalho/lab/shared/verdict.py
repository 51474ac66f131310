"""What an experiment says about its claim, decided by intervals alone.

A claim is one or more comparisons of two quantities with intervals. A comparison is supported where the intervals do
not overlap and lie in the order that the claim says; contradicted where they lie the other way round; open where they
overlap. A claim is supported where all its comparisons are, and not supported where any is contradicted. The sentence
is built from the figures when it is shown (`words.py`), in the reader's language.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from atalho.metrics.intervals import t_interval
from atalho.text import Text

SHARE: Final = (0.0, 1.0)
Outcome = Literal["supported", "not supported", "not enough evidence"]
Order = Literal["above", "below", "equal"]
Unit = Literal["percent", "number"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its 95% interval. Of an exact quantity, such as a count, both ends are the mean."""

    name: Text | str | None = None
    """Of what was measured, such as `plain56`; where it is translated, its `text` and perhaps `fields`."""
    mean: float
    """The mean; of factors the geometric mean."""
    low: float | None
    """The lower end; null where it is not known, because one value has no spread."""
    high: float | None
    """The upper end."""

    def __post_init__(self) -> None:
        for end in ("low", "high"):
            if not math.isfinite(getattr(self, end) or 0.0):
                object.__setattr__(self, end, None)

    @classmethod
    def over_seeds(
        cls,
        values: Sequence[float],
        name: Text | str | None = None,
        *,
        within: tuple[float, float] = (-math.inf, math.inf),
    ) -> Interval:
        """Student's interval over seeds, cut at what is possible: a share lies `within` (0, 1)."""
        mean, low, high = t_interval(values) if len(values) > 1 else (values[0], -math.inf, math.inf)
        if len(values) > 1:
            low, high = max(low, within[0]), min(high, within[1])
        return Interval(name=name, mean=mean, low=low, high=high)

    @classmethod
    def exact(cls, name: Text | str, value: float) -> Interval:
        """A quantity without spread."""
        return Interval(name=name, mean=value, low=value, high=value)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, where there is an interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def named(self, name: Text | str) -> Interval:
        """The same under a name, without the values that it comes from."""
        return Interval(name=name, mean=self.mean, low=self.low, high=self.high)

    def sample(self, values: Sequence[float]) -> Sample:
        """The same with the values that it comes from."""
        return Sample(name=self.name, mean=self.mean, low=self.low, high=self.high, values=tuple(values))


@dataclass(frozen=True, kw_only=True)
class Sample(Interval):
    """A mean, its interval and the values that they come from."""

    values: tuple[float, ...]
    """One for each seed, line or batch, in their order."""


@dataclass(frozen=True)
class Comparison:
    """The claim says that `quantity` of `left` is above, below or equal to that of `right`."""

    quantity: Text
    """What is compared: its English `text` and perhaps `fields`."""
    left: Interval
    """The treatment."""
    order: Order
    """What the claim says of left and right."""
    right: Interval
    """The control."""
    unit: Unit = "percent"
    """How the numbers are shown."""
    outcome: Outcome = field(init=False)
    """Supported, not supported (the other way round), or not enough evidence (the intervals overlap)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "outcome", self._decided())

    def _decided(self) -> Outcome:
        left, right = self.left.ends, self.right.ends
        if left is None or right is None:
            return "not enough evidence"
        above, below = left[0] > right[1], left[1] < right[0]
        if self.order == "equal" and len({*left, *right}) == 1:
            return "supported"
        if not (above or below):
            return "not enough evidence"
        return "supported" if {"above": above, "below": below}.get(self.order) else "not supported"


@dataclass(frozen=True)
class Verdict:
    """The comparisons of a claim, and what they come to. With none that could be made, there is not enough evidence."""

    outcome: Outcome = field(init=False)
    """Supported where all comparisons are, not supported where any is not."""
    comparisons: tuple[Comparison, ...]
    """In the order of the claim."""

    def __post_init__(self) -> None:
        outcomes = {comparison.outcome for comparison in self.comparisons}
        all_or_none = "supported" if outcomes == {"supported"} else "not enough evidence"
        object.__setattr__(self, "outcome", "not supported" if "not supported" in outcomes else all_or_none)
