"""One language at a time, passed explicitly: a page holds two, so the one in force cannot decide."""

import math
from typing import Any, Final

from atalho.locale import catalogue, language, tell

LEVEL: Final = 0.95  # of every interval in a report
_NOTHING: Final = "–"
_TAGS: Final = {"en": "en", "pt": "pt-BR"}


class Translator:
    """Texts and numbers as readers of one language write them. Modules of the report call theirs `_`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tag = _TAGS[name]
        self._messages = catalogue(name)

    def __call__(self, message: str) -> str:
        """`message` in this language."""
        return self._messages.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """`singular` or `plural` in this language, by `n`, which stands in it as {n}."""
        return self._messages.ngettext(singular, plural, n).format(n=self.whole(n))

    def tell(self, kept: Any) -> str:
        """In this language what a run keeps of a text in any (`locale.keep`)."""
        return tell(kept, self.name)

    def number(self, value: float | None, digits: int = 2) -> str:
        """`value` with so many decimals: 1,234.50 or 1.234,50; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return _NOTHING
        text = f"{value:z,.{digits}f}"  # z: no minus before a zero
        return text.translate(str.maketrans(",.", ".,")) if self.name == "pt" else text

    def significant(self, value: float, digits: int = 3) -> str:
        """`value` with so many digits that count: 0.00153 or 0,00153; 5,150; 2.1e-12 where very small or large."""
        text = f"{value:.{digits}g}"
        if 1e3 <= abs(value) < 1e6:
            return self.whole(float(text))
        return text.replace(".", ",") if self.name == "pt" else text

    def whole(self, value: int | float | None) -> str:
        """A count: 60,000 or 60.000."""
        return self.number(value, 0)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share of one as a percentage: 93.2% or 93,2%."""
        if share is None or not math.isfinite(share):
            return _NOTHING
        return self.number(100 * share, digits) + "%"

    def interval(self, ends: tuple[float, float] | list[float] | None, digits: int = 1) -> str:
        """Both ends of an interval of shares, as percentages."""
        if ends is None:
            return _NOTHING
        return f"{self.percent(ends[0], digits)} – {self.percent(ends[1], digits)}"

    def duration(self, seconds: float | None) -> str:
        """Seconds as a person says them: 48 s, 3 min 20 s, 2 h 05 min."""
        if seconds is None or not math.isfinite(seconds):
            return _NOTHING
        if seconds < 10:
            return f"{self.number(seconds, 1)} s"
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f"{self.whole(hours)} h {minutes:02d} min"
        return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def translator() -> Translator:
    """Words and numbers of the language in force."""
    return Translator(language())
