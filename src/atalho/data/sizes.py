"""Which side, in pixels, the network sees and which side is kept of each image."""

from __future__ import annotations

from typing import Final

import numpy as np

from atalho.config import SMALL_IMAGE
from atalho.data.survey import Survey

_SMALLEST: Final = 16
# (median shorter side up to, network's side)
_BY_MEDIAN: Final = ((40, 32), (96, 64), (180, 128))
_LARGE: Final = 224


def choose_size(survey: Survey) -> int:
    """The network's side: the images' own where all are equal and small, else by the median of their shorter sides.

    Their own side is rounded up to a multiple of 4, so that it halves twice.
    """
    sides = np.minimum(survey.widths, survey.heights)
    sides = sides[sides > 0]
    if not len(sides):
        return _BY_MEDIAN[0][1]
    if sides.min() == sides.max() <= SMALL_IMAGE:
        return max(_SMALLEST, -(-int(sides[0]) // 4) * 4)
    median = float(np.median(sides))
    return next((side for most, side in _BY_MEDIAN if median <= most), _LARGE)


def stored_side(size: int) -> int:
    """The side that is kept: `size` for small images, else 8/7 of it, so that crops have room."""
    return size if size <= SMALL_IMAGE else round(size * 8 / 7)
