"""Intervals: Wilson's for a share of images, Student's for a mean over seeds, and by resampling images for the rest."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, stdev
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.errors import DataError

RESAMPLES: Final = 2000
_AT_ONCE: Final = 100

Ends = tuple[float, float]
"""The lower and the upper end of an interval."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Accuracies (R,L) of L networks on R sets of images → one number for each set (R,)."""


def wilson(successes: int, n: int, level: float = 0.95) -> Ends:
    """Confidence interval of a proportion, as shares between 0 and 1 (Wilson 1927).

    Unlike the usual plus or minus, it stays inside [0, 1], and does not shrink to a point where all or none
    of a few images are right. With no image at all it is [0, 1]: nothing is known.
    """
    _check_level(level)
    if not 0 <= successes <= n:
        raise DataError(
            "{successes} successes in {n} trials: expected from 0 up to the number of trials.", successes=successes, n=n
        )
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = share + z * z / (2 * n)
    margin = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Rounding could leave the ends a hair outside the share itself; at 0 and n they are exactly 0 and 1.
    low = 0.0 if successes == 0 else min(share, (centre - margin) / scale)
    high = 1.0 if successes == n else max(share, (centre + margin) / scale)
    return low, high


def difference(first: float, of_first: Ends, second: float, of_second: Ends) -> Ends:
    """Interval of `second` - `first`, two shares with the intervals of each (Newcombe 1998, method 10).

    The shares count as independent. Where both were measured on the same images it is wider than it need be.
    """
    gain = second - first
    low = math.hypot(second - of_second[0], of_first[1] - first)
    high = math.hypot(of_second[1] - second, first - of_first[0])
    return gain - low, gain + high


def t_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Mean of `values` (one for each seed) and the ends of its confidence interval by Student's t."""
    _check_level(level)
    if len(values) < 2:
        raise DataError("An interval over seeds needs at least two values; got {n}. Run more seeds.", n=len(values))
    if not all(math.isfinite(value) for value in values):
        raise DataError("An interval over seeds needs finite numbers; got {values}.", values=list(values))
    mean = fmean(values)
    margin = t_quantile(level, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean, mean - margin, mean + margin


def t_quantile(level: float, degrees: int) -> float:
    """The t within which Student's distribution of `degrees` degrees of freedom holds `level` of its mass.

    Bisection on the angle arctan(t / sqrt(degrees)), in which the mass is a finite sum. `scipy.special.stdtrit` agrees
    to 13 digits, and is not used for the others: the intervals of stored experiments would no longer come out the same,
    for one function out of a large package.
    """
    _check_level(level)
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _mass_within(middle, degrees) < level:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(low)


def _mass_within(angle: float, degrees: int) -> float:
    """P(|T| <= sqrt(degrees) tan(angle)) (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = degrees % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for power in range(odd, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


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
    values: list[NDArray[np.float64]] = []
    for first in range(0, RESAMPLES, _AT_ONCE):
        weights = rng.multinomial(images, np.full(images, 1 / images), size=min(_AT_ONCE, RESAMPLES - first))
        values.append(statistic(weights @ answers / images))
    value = statistic(answers.mean(axis=0, keepdims=True))[0]
    low, high = np.quantile(np.concatenate(values), [(1 - level) / 2, (1 + level) / 2])
    return float(value), float(low), float(high)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise DataError("Confidence level {level}: expected a fraction between 0 and 1, such as 0.95.", level=level)
