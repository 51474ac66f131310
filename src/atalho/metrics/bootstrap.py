"""Intervals by resampling images: for figures such as a median over blocks, for which no formula is at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 2000
_AT_ONCE: Final = 100

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Accuracies (R,L) of L networks on R sets of images → one number for each set (R,)."""


def over_images(
    right: NDArray[np.bool_], statistic: Statistic, *, level: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """A statistic of the accuracies of L networks on the same N images, and the ends of its interval.

    `right` (L,N) says which network is right about which image. Each resample draws N of the images with replacement
    (Efron 1979), the same for all networks, so that differences between them are paired; the ends are percentiles.
    """
    images = right.shape[1]
    rng = np.random.default_rng(seed)
    answers = right.T.astype(np.float64)
    found: list[NDArray[np.float64]] = []
    for first in range(0, RESAMPLES, _AT_ONCE):
        weights = rng.multinomial(images, np.full(images, 1 / images), size=min(_AT_ONCE, RESAMPLES - first))
        found.append(statistic(weights @ answers / images))
    value = statistic(answers.mean(axis=0, keepdims=True))[0]
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return float(value), float(low), float(high)
