"""Are these two the same? False accepts and false rejects of every similarity threshold, and the one to choose.

A genuine pair shows one identity, an impostor pair two. FAR(t) is the share of impostor pairs with a similarity of `t`
or more, FRR(t) that of genuine pairs below. Pairs of one identity are no independent trials, so the intervals come from
resampling identities (the subsets bootstrap of Bolle, Ratha and Pankanti 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pydantic
import pydantic.dataclasses
from numpy.typing import NDArray
from torch import Tensor

from atalho.errors import DataError
from atalho.locale import _

STEPS = 2000
"""Thresholds from -1 to 1; one step is 0.001 of similarity."""
_ROWS = 1024
_RESAMPLES = 500

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """FAR and FRR (T,) at `thresholds` (T,), ascending, each with the ends of its 95 % interval (2,T)."""

    thresholds: Shares
    far: Shares
    frr: Shares
    far_interval: Shares
    frr_interval: Shares
    genuine: int
    impostor: int


@pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid", allow_inf_nan=False))
class Threshold:
    """The similarity from which two images count as the same identity, and what is known of its errors."""

    similarity: float
    wanted_far: float
    far: float
    far_interval: tuple[float, float]
    frr: float
    frr_interval: tuple[float, float]
    genuine: int
    impostor: int


def rates(embeddings: Tensor, identities: NDArray[np.int64], *, seed: int = 0) -> Rates:
    """FAR and FRR over all pairs of unit embeddings (N,D) with `identities` (N,).

    Raises DataError where there is no genuine or no impostor pair.
    """
    names, codes = np.unique(identities, return_inverse=True)
    genuine, impostor = _histograms(embeddings, codes, len(names))
    if not genuine.sum() or not impostor.sum():
        raise DataError(
            _(
                "A threshold needs pairs of one identity and pairs of two: {images} images of {identities} identities "
                "have {genuine} and {impostor}."
            ).format(
                images=len(codes),
                identities=len(names),
                genuine=int(genuine.sum()) // 2,
                impostor=int(impostor.sum()) // 2,
            )
        )
    # Rows of an identity, columns of a threshold: how many of its pairs are accepted there, or rejected.
    accepted = impostor[:, ::-1].cumsum(1)[:, ::-1]
    rejected = genuine.cumsum(1) - genuine
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES).astype(float)
    return Rates(
        np.linspace(-1, 1, STEPS + 1)[:-1],
        accepted.sum(0) / impostor.sum(),
        rejected.sum(0) / genuine.sum(),
        _interval(weights, accepted, impostor.sum(1)),
        _interval(weights, rejected, genuine.sum(1)),
        int(genuine.sum()) // 2,
        int(impostor.sum()) // 2,
    )


def choose(found: Rates, far: float) -> Threshold:
    """The lowest threshold whose FAR is at most `far`.

    Raises DataError where the impostor pairs are too few to know such a rate: with none accepted among n, the rate may
    still be 3/n.
    """
    if not 0 < far < 1:
        raise DataError(
            _("A wanted false-accept rate of {far} is not accepted: it lies between 0 and 1.").format(far=far)
        )
    if found.impostor < 3 / far:
        raise DataError(
            _(
                "A false-accept rate of {far} cannot be known from {pairs} pairs of different identities: {needed} are "
                "needed. Ask for a higher rate, or give more identities."
            ).format(far=far, pairs=found.impostor, needed=int(np.ceil(3 / far)))
        )
    place = int(np.argmax(found.far <= far)) if (found.far <= far).any() else STEPS - 1
    low, high = found.far_interval[:, place].tolist()
    return Threshold(
        float(found.thresholds[place]),
        far,
        float(found.far[place]),
        (low, max(high, 3 / found.impostor) if found.far[place] == 0 else high),
        float(found.frr[place]),
        (float(found.frr_interval[0, place]), float(found.frr_interval[1, place])),
        found.genuine,
        found.impostor,
    )


def _histograms(embeddings: Tensor, codes: NDArray[np.int64], identities: int) -> tuple[Shares, Shares]:
    """How often each similarity occurs (I,T) among the genuine and the impostor pairs of each identity.

    Every pair is counted at both of its images.
    """
    genuine, impostor = (np.zeros(identities * STEPS) for _kind in range(2))
    for start in range(0, len(codes), _ROWS):
        mine = codes[start : start + _ROWS]
        similarity = embeddings[start : start + _ROWS] @ embeddings.T
        bins = ((similarity + 1) * (STEPS / 2)).long().clamp_(0, STEPS - 1).numpy()
        places = mine[:, None] * STEPS + bins
        same = mine[:, None] == codes
        impostor += np.bincount(places[~same], minlength=len(impostor))
        same[np.arange(len(mine)), np.arange(start, start + len(mine))] = False  # an image and itself is no pair
        genuine += np.bincount(places[same], minlength=len(genuine))
    return genuine.reshape(identities, STEPS), impostor.reshape(identities, STEPS)


def _interval(weights: Shares, counts: Shares, totals: Shares) -> Shares:
    """The 2.5 % and 97.5 % quantiles (2,T) of the rate over resampled identities."""
    sums = weights @ totals
    usable = sums > 0
    resampled = (weights[usable] @ counts) / sums[usable, None]
    return np.quantile(resampled, [0.025, 0.975], axis=0)
