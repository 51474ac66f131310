"""Numbers as colours: a value per block, painted on the drawing, and the bar that explains it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import matplotlib
from matplotlib.colors import to_hex

_COLOURS: Final = "viridis"  # even steps for the eye, in print and for all kinds of colour vision


@dataclass(frozen=True)
class Paint:
    """The style of a box and of the words in it."""

    value: float
    fill: str
    ink: str


@dataclass(frozen=True)
class Scale:
    """What the colours of a drawing mean, from `low` (dark blue) to `high` (yellow); values beyond are cut."""

    label: str
    """In the language of the drawing: "gradient norm", "accuracy lost"."""
    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def over(cls, values: Mapping[str, float], label: str, *, logarithmic: bool = False) -> "Scale":
        """From the least to the greatest finite value (of the positive ones, if logarithmic)."""
        usable = [v for v in values.values() if math.isfinite(v) and (v > 0 or not logarithmic)] or [1.0]
        return cls(label, min(usable), max(usable), logarithmic)

    def share(self, value: float) -> float:
        """Where the value stands between low (0) and high (1)."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = (math.log(max(number, 1e-300)) for number in (low, high, value))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5

    def colour(self, value: float) -> str:
        """#rrggbb."""
        return to_hex(matplotlib.colormaps[_COLOURS](self.share(value)))

    def paint(self, value: float | None) -> Paint | None:
        """How a block of this value looks; None, as without a value, where it is no number."""
        if value is None or not math.isfinite(value):
            return None
        colour = self.colour(value)
        ink = "#ffffff" if _luminance(colour) < 0.3 else "#101418"
        return Paint(value, f"fill:{colour};stroke:{colour}", f"fill:{ink}")

    def ticks(self) -> tuple[float, float, float]:
        """Low, middle and high."""
        middle = math.sqrt(self.low * self.high) if self.logarithmic else (self.low + self.high) / 2
        return (self.low, middle, self.high)


def _luminance(colour: str) -> float:
    """Of the eye, from 0 for black to 1 for white (WCAG 2, relative luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
