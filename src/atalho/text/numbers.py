"""Numbers as readers of the language in force write them: one way in the terminal, on pages and in figures."""

import math
from collections.abc import Sequence
from typing import Final

from atalho.text import language, ngettext

LEVEL: Final = 0.95
"""Of every interval that is shown."""
_NOTHING: Final = "–"
_SWAP: Final = str.maketrans(",.", ".,")


def number(value: float | None, digits: int = 2) -> str:
    """`value` with so many decimals: 1,234.50 or 1.234,50; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    return _written(f"{value:z,.{digits}f}")  # z: no minus before a zero


def whole(value: float | None) -> str:
    """A count: 60,000 or 60.000."""
    return number(value, 0)


def significant(value: float, digits: int = 3) -> str:
    """`value` with so many digits that count: 0.00153 or 0,00153; 5,150; 2.1e-12 or 2,1e-12 where small or large."""
    text = f"{value:.{digits}g}"
    return whole(float(text)) if 1e3 <= abs(value) < 1e6 else _written(text)


def _written(text: str) -> str:
    return text.translate(_SWAP) if language() == "pt" else text


def percent(share: float | None, digits: int = 1) -> str:
    """A share of one as a percentage: 93.2% or 93,2%."""
    if share is None or not math.isfinite(share):
        return _NOTHING
    return number(100 * share, digits) + "%"


def interval(ends: Sequence[float] | None, digits: int = 1) -> str:
    """Both ends of an interval of shares: [90.0%, 95.0%] or [90,0%; 95,0%]."""
    if ends is None:
        return _NOTHING
    return between(*(percent(end, digits) for end in ends))


def with_interval(share: float | None, ends: Sequence[float] | None, digits: int = 1) -> str:
    """A share and its interval: 93.2% [90.0%, 95.0%]."""
    return f"{percent(share, digits)} {interval(ends, digits)}"


def between(low: str, high: str) -> str:
    """The ends of an interval, already written: [low, high] or, where a comma stands within numbers, [low; high]."""
    return f"[{low}{';' if language() == 'pt' else ','} {high}]"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: 4.2 s, 48 s, 3 min 20 s, 2 h 05 min."""
    if seconds is None or not math.isfinite(seconds):
        return _NOTHING
    if seconds < 10:
        return f"{number(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{whole(hours)} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def size(count: float) -> str:
    """Bytes in the unit that fits (powers of 1,024, as memory is sold): 13 MB, 1.3 GB or 1,3 GB."""
    return f"{number(count / 2**30, 1)} GB" if count >= 2**30 else f"{whole(count / 2**20)} MB"


def nwhole(singular: str, plural: str, n: int) -> str:
    """`singular` or `plural` by `n`, which stands in it as {n}."""
    return ngettext(singular, plural, n).format(n=whole(n))
