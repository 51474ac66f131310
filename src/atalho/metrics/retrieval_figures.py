"""From the ranks of single queries to what is reported of all: CMC, mAP, mINP, with intervals over identities."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho import chance
from atalho.metrics.retrieval import AnswerRanks, Integers

CMC: Final = (1, 5, 10, 20)
_DRAWS: Final = 1000
_TAILS: Final = (0.025, 0.975)


def figures(ranks: AnswerRanks, identities: Integers, *, seed: int = 0) -> dict[str, Any]:
    """Rank-1, 5, 10 and 20, mAP and mINP of the queries (Q,) that have a right answer, as shares; JSON-safe.

    `valid_queries` says how many those are, of `queries`. The intervals hold 95 %: the identities, not the queries,
    are resampled with replacement, 1,000 times, because the images of one identity succeed and fail together. Where
    no query is valid every figure is None.
    """
    valid = np.flatnonzero(ranks.valid)
    names = [*(f"rank{k}" for k in CMC), "map", "minp"]
    figures: dict[str, Any] = {"queries": len(ranks.answers), "valid_queries": len(valid)}
    figures["identities"] = len(np.unique(identities[valid]))
    if not len(valid):
        return figures | dict.fromkeys(names) | {f"{name}_interval": None for name in names}
    within = [ranks.first[valid] <= k for k in CMC]
    values = np.stack([*within, ranks.average_precision[valid], ranks.inverse_penalty[valid]], axis=1).astype(float)
    lows, highs = bootstrap(values, identities[valid], seed=seed)
    for name, mean, low, high in zip(names, values.mean(0), lows, highs, strict=True):
        figures |= {name: float(mean), f"{name}_interval": [float(low), float(high)]}
    return figures


def bootstrap(
    values: NDArray[np.float64], clusters: Integers, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends (M,), (M,) of 95 % intervals of the means of `values` (N,M), drawing whole clusters (Efron 1979)."""
    _names, owner = np.unique(clusters, return_inverse=True)
    count = int(owner.max()) + 1
    sizes = np.bincount(owner, minlength=count).astype(float)
    sums = np.stack([np.bincount(owner, weights=column, minlength=count) for column in values.T], axis=1)
    uniform = chance.uniform(seed, "bootstrap", 0, np.arange(_DRAWS), count)
    drawn = np.minimum((uniform * np.float64(count)).astype(np.int64), count - 1)
    times = np.zeros((_DRAWS, count))
    np.add.at(times, (np.arange(_DRAWS)[:, None], drawn), 1)
    means = (times @ sums) / (times @ sizes)[:, None]
    low, high = np.quantile(means, _TAILS, axis=0)
    return low, high
