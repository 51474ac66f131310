"""Are these two the same? False accepts and false rejects of every similarity threshold, and the one to choose.

A genuine pair shows one identity, an impostor pair two. FAR(t) is the share of impostor pairs with a similarity of `t`
or more, FRR(t) that of genuine pairs below. Pairs of one identity are no independent trials, so the intervals come from
resampling identities (the subsets bootstrap of Bolle, Ratha and Pankanti 2004). An impostor pair depends on two of
them: its interval is widened to that of drawing both (Fogliato, Patil and Perona 2024), see `_of_two`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pydantic
import pydantic.dataclasses
from numpy.typing import NDArray
from torch import Tensor

from atalho.errors import ConfigError, DataError
from atalho.findings import Finding
from atalho.metrics.intervals import Ends
from atalho.precision import Numbers
from atalho.text import Text, _
from atalho.text.numbers import number, whole, with_interval

STEPS = 2000
"""Thresholds from -1 to 1; one step is 0.001 of similarity."""
_BLOCK = 1 << 22
"""Pairs that are compared at once."""
_RESAMPLES = 500
_ENOUGH = 1e18  # pairs that nobody has: 3 / far may be infinite
_TOLERANCE = 1e-9
"""A threshold that was written as a decimal is still the one of its step."""

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorRates:
    """FAR and FRR (T,) at `thresholds` (T,), ascending, each with the ends of its 95 % interval (2,T)."""

    thresholds: Shares
    far: Shares
    frr: Shares
    far_interval: Shares
    frr_interval: Shares
    genuine: int
    impostor: int


@pydantic.dataclasses.dataclass(
    frozen=True, repr=False, config=pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)
)
class Threshold(Finding):
    """The similarity from which two images count as the same identity, and what is known of its errors."""

    similarity: float
    wanted_far: float
    far: float
    far_interval: Ends
    frr: float
    frr_interval: Ends
    genuine: int
    impostor: int
    precision: Numbers | None = None
    """What the network computed in; None in an evaluation, which says it itself, and in older files."""

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("similarity"), number(self.similarity, 3)
        yield _("false accepts"), with_interval(self.far, self.far_interval, 2)
        yield _("false rejects"), with_interval(self.frr, self.frr_interval, 2)
        yield _("pairs of two identities"), whole(self.impostor)
        yield _("pairs of one identity"), whole(self.genuine)
        if self.precision is not None:
            yield _("precision"), self.precision


@dataclass(frozen=True)
class ErrorCurve:
    """FAR and FRR with the ends of their intervals at some `thresholds`, ascending, and how many pairs they are of."""

    thresholds: tuple[float, ...]
    far: tuple[float, ...]
    far_low: tuple[float, ...]
    far_high: tuple[float, ...]
    frr: tuple[float, ...]
    frr_low: tuple[float, ...]
    frr_high: tuple[float, ...]
    same_pairs: int
    different_pairs: int

    def line(self, name: str) -> tuple[float, ...]:
        """One of the lines by its name, such as far_low."""
        values: tuple[float, ...] = getattr(self, name)
        return values


@dataclass(frozen=True)
class Verification:
    """What a run keeps of the choice of its threshold: where it was chosen, and the errors of all thresholds there.

    `split` is None where it was chosen on other images, at `data`. Where no threshold was chosen, `reason` says why.
    """

    split: str | None
    data: str | None
    wanted_far: float
    threshold: Threshold | None
    reason: Text | None
    curve: ErrorCurve


def error_rates(
    embeddings: Tensor, identities: NDArray[np.int64], cameras: NDArray[np.int64] | None = None, *, seed: int = 0
) -> ErrorRates:
    """FAR and FRR over all pairs of unit embeddings (N,D) with `identities` (N,).

    With `cameras` (N,), two images of one identity by one camera are no pair: to know them is no feat. Raises DataError
    where there is no genuine or no impostor pair.
    """
    names, codes = np.unique(identities, return_inverse=True)
    genuine, impostor = _histograms(embeddings, codes, cameras, len(names))
    if not genuine.sum() or not impostor.sum():
        raise DataError(
            "A threshold needs pairs of one identity and pairs of two: {images} images of {identities} identities "
            "have {genuine} and {impostor}.",
            images=len(codes),
            identities=len(names),
            genuine=int(genuine.sum()) // 2,
            impostor=int(impostor.sum()) // 2,
        )
    # Rows of an identity, columns of a threshold: how many of its pairs are accepted there, or rejected.
    accepted = impostor[:, ::-1].cumsum(1)[:, ::-1]
    rejected = genuine.cumsum(1) - genuine
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES).astype(float)
    far = accepted.sum(0) / impostor.sum()
    return ErrorRates(
        (np.arange(STEPS) / (STEPS / 2) - 1).round(3),
        far,
        rejected.sum(0) / genuine.sum(),
        _of_two(_interval(weights, accepted, impostor.sum(1)), far),
        _interval(weights, rejected, genuine.sum(1)),
        int(genuine.sum()) // 2,
        int(impostor.sum()) // 2,
    )


def threshold_at(rates: ErrorRates, similarity: float, wanted_far: float) -> Threshold:
    """The threshold `similarity` with the errors that it makes among these pairs; the rates step by 0.001."""
    place = min(int(np.searchsorted(rates.thresholds, similarity - _TOLERANCE)), STEPS - 1)
    far, frr = float(rates.far[place]), float(rates.frr[place])
    low, high = rates.far_interval[:, place].tolist()
    below, above = rates.frr_interval[:, place].tolist()
    return Threshold(
        similarity,
        wanted_far,
        far,
        (low, _unseen(far, high, rates.impostor)),
        frr,
        (below, _unseen(frr, above, rates.genuine)),
        rates.genuine,
        rates.impostor,
    )


def check_rate(far: float) -> None:
    """Raises ConfigError for a wanted false-accept rate that is none."""
    if not 0 < far < 1:
        raise ConfigError("A false-accept rate of {far} is not accepted: it must be between 0 and 1.", far=far)


def choose(rates: ErrorRates, far: float) -> Threshold:
    """The lowest threshold whose FAR is at most `far`.

    Raises DataError where the impostor pairs are too few to know such a rate: with none accepted among n, the rate may
    still be 3/n.
    """
    check_rate(far)
    if rates.impostor < 3 / far:
        raise DataError(
            "A false-accept rate of {far} cannot be known from {pairs} pairs of different identities: {needed} are "
            "needed. Ask for a higher rate, or give more identities.",
            far=far,
            pairs=rates.impostor,
            needed=int(np.ceil(min(3 / far, _ENOUGH))),
        )
    place = int(np.argmax(rates.far <= far)) if (rates.far <= far).any() else STEPS - 1
    return threshold_at(rates, float(rates.thresholds[place]), far)


def _unseen(rate: float, high: float, pairs: int) -> float:
    """The upper end of an interval; where no error was seen among `pairs`, the rate may still be 3/pairs."""
    return high if rate else max(high, min(1.0, 3 / pairs))


def _of_two(interval: Shares, rate: Shares) -> Shares:
    """The interval (2,T) of a rate over pairs of two identities, from that of resampling the first of them.

    Resampled, the rate becomes rate · r. If the second is resampled too, it becomes rate · r² to first order: each
    identity stands on either side of its pairs. Left at r, the interval would be half as wide as it must be.
    """
    widened: Shares = np.divide(interval**2, rate, out=np.zeros_like(interval), where=rate > 0)
    return widened.clip(0, 1)


def _histograms(
    embeddings: Tensor, codes: NDArray[np.int64], cameras: NDArray[np.int64] | None, identities: int
) -> tuple[Shares, Shares]:
    """How often each similarity occurs (I,T) among the genuine and the impostor pairs of each identity.

    Every pair is counted at both of its images.
    """
    genuine, impostor = (np.zeros(identities * STEPS) for _kind in range(2))
    rows = max(1, _BLOCK // max(1, len(codes)))
    for start in range(0, len(codes), rows):
        mine = codes[start : start + rows]
        similarity = embeddings[start : start + rows] @ embeddings.T
        bins = ((similarity + 1) * (STEPS / 2)).long().clamp_(0, STEPS - 1).numpy()
        places = mine[:, None] * STEPS + bins
        same = mine[:, None] == codes
        impostor += np.bincount(places[~same], minlength=len(impostor))
        same[np.arange(len(mine)), np.arange(start, start + len(mine))] = False  # an image and itself is no pair
        if cameras is not None:
            same &= cameras[start : start + rows, None] != cameras
        genuine += np.bincount(places[same], minlength=len(genuine))
    return genuine.reshape(identities, STEPS), impostor.reshape(identities, STEPS)


def _interval(weights: Shares, counts: Shares, totals: Shares) -> Shares:
    """The 2.5 % and 97.5 % quantiles (2,T) of the rate over resampled identities."""
    sums = weights @ totals
    usable = sums > 0
    resampled = (weights[usable] @ counts) / sums[usable, None]
    return np.quantile(resampled, [0.025, 0.975], axis=0)
