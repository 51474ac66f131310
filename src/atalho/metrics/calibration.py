"""Does a network that says 80 % be right in 80 % of the images? Reliability bins and temperature scaling."""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from atalho.metrics.classification import check_inputs, parts

BINS: Final = 15
COLDEST: Final = 0.05
HOTTEST: Final = 20.0
_CLOSE: Final = 1e-8  # the next step of Newton would be about its square
_PASSES: Final = 100  # Newton needs less than ten
_FEW_CLASSES: Final = 1024
_ROWS: Final = 4096  # so many images of few classes at a time in double precision, to bound the memory
_VALUES: Final = 2**18  # of more classes so many logits, which stay in a core's cache: that is four times as fast


@dataclass(frozen=True)
class ConfidenceBin:
    """Images whose confidence lies in one fifteenth of the scale: their mean confidence and accuracy, as shares."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error, a share, and the bins it is made of; empty ones are left out."""

    error: float
    bins: tuple[ConfidenceBin, ...]


@dataclass(frozen=True)
class CalibrationFigures:
    """How reliable the probabilities are before and after division of the logits by the temperature."""

    before: Reliability
    after: Reliability
    temperature: float


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature T, 0.05 to 20, for which softmax(logits / T) fits best (Guo 2017, section 4.2).

    `logits` is (N, K), `labels` is (N,). The log loss is convex in 1/T, so its slope has one zero, which Newton's steps
    find in a few passes over the logits: the same logits always give the same T. One more image, whose label could be
    any class, joins the N given (Laplace's rule): where a few images are all right, the plain optimum is T = 0, a
    network that is never in doubt. Without images, or where all logits are equal, T is 1.
    """
    if len(labels) == 0:
        return 1.0
    logits, labels = check_inputs(logits, labels)
    if bool((logits == logits[:, :1]).all()):
        return 1.0
    coldest, hottest = -math.log(COLDEST), -math.log(HOTTEST)
    low, high = -math.inf, math.inf  # the zero lies between them
    place = 0.0  # the logarithm of 1/T
    for _pass in range(_PASSES):
        slope, curvature = _derivatives(math.exp(place), logits, labels)
        low, high = (place, high) if slope < 0 else (low, place)
        rise = curvature * math.exp(place)
        following = place - (slope / rise if rise > 0 else math.copysign(math.inf, slope))
        following = min(max(following, hottest), coldest)
        if following != place and not low < following < high:
            following = (low + high) / 2
        moved, place = abs(following - place), following
        if moved < _CLOSE:
            break
    return min(max(math.exp(-place), COLDEST), HOTTEST)


def _derivatives(inverse_temperature: float, logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """The first two derivatives of the log loss with respect to 1/T.

    They are the mean expected logit less the mean right logit, and the mean variance of the logits.
    """
    unknown = 1 / (len(labels) + 1)
    slope, curvature = 0.0, 0.0
    classes = logits.shape[1]
    at_once = _ROWS if classes <= _FEW_CLASSES else max(1, _VALUES // classes)
    for rows, rows_labels in zip(torch.split(logits, at_once), torch.split(labels, at_once), strict=True):
        rows = rows.double()
        shares = (rows * inverse_temperature).softmax(dim=1)
        expected = torch.linalg.vecdot(shares, rows)
        right = rows.gather(1, rows_labels[:, None]).squeeze(1)
        target = (1 - unknown) * right + unknown * rows.mean(dim=1)
        slope += float((expected - target).sum())
        curvature += float(torch.linalg.vecdot(shares, (rows - expected[:, None]).square_()).sum())
    return slope / len(labels), curvature / len(labels)


def reliability(logits: Tensor, labels: Tensor, temperature: float = 1.0) -> Reliability:
    """Expected calibration error over 15 equal bins of confidence (Guo 2017, section 2).

    `logits` is (N, K), `labels` is (N,). The error is the mean distance between confidence and accuracy.
    """
    logits, labels = check_inputs(logits, labels)
    found = [(rows / temperature).softmax(dim=1).max(dim=1) for (rows,) in parts(logits)]
    confidence, predicted = (torch.cat(one) for one in zip(*found, strict=True))
    confidence = confidence.double().clamp(max=1.0)
    # A confidence of exactly 1 belongs to the last bin, not to one of its own.
    which = (confidence * BINS).long().clamp(max=BINS - 1)
    counts = torch.bincount(which, minlength=BINS)
    sums = torch.bincount(which, weights=confidence, minlength=BINS)
    hits = torch.bincount(which, weights=(predicted == labels).double(), minlength=BINS)
    bins = tuple(
        ConfidenceBin(total / count, right / count, count)
        for count, total, right in zip(counts.tolist(), sums.tolist(), hits.tolist(), strict=True)
        if count
    )
    return Reliability(math.fsum(b.count * abs(b.confidence - b.accuracy) for b in bins) / len(labels), bins)
