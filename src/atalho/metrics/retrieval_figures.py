"""From the ranks of single queries to what is reported of all: CMC, mAP, mINP, with intervals over identities."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho import chance
from atalho.metrics.intervals import Ends
from atalho.metrics.retrieval import AnswerRanks, Integers

CMC: Final = (1, 5, 10, 20)
SHARES: Final = (*(f"rank{k}" for k in CMC), "map", "minp")
_DRAWS: Final = 1000
_TAILS: Final = (0.025, 0.975)


@dataclass(frozen=True, kw_only=True, repr=False)
class RetrievalFigures:
    """Rank-1, 5, 10 and 20, mAP and mINP, as shares, of the queries that have a right answer.

    Those are `valid_queries` of the `queries`, and show so many `identities`. Where there is none, the shares are None.
    """

    queries: int
    valid_queries: int
    identities: int
    rank1: float | None
    rank1_interval: Ends | None
    rank5: float | None
    rank5_interval: Ends | None
    rank10: float | None
    rank10_interval: Ends | None
    rank20: float | None
    rank20_interval: Ends | None
    map: float | None
    map_interval: Ends | None
    minp: float | None
    minp_interval: Ends | None

    def figure(self, name: str) -> tuple[float | None, Ends | None]:
        """One of the shares by its name, such as rank5, with its interval."""
        return getattr(self, name), getattr(self, f"{name}_interval")


def figures(ranks: AnswerRanks, identities: Integers, *, seed: int = 0) -> RetrievalFigures:
    """What is reported of the ranks of queries (Q,).

    The intervals hold 95 %: the identities, not the queries, are resampled with replacement, 1,000 times, because the
    images of one identity succeed and fail together.
    """
    valid = np.flatnonzero(ranks.valid)
    shares: dict[str, Any] = {name + end: None for name in SHARES for end in ("", "_interval")}
    if len(valid):
        within = [ranks.first[valid] <= k for k in CMC]
        values = np.stack([*within, ranks.average_precision[valid], ranks.inverse_penalty[valid]], axis=1).astype(float)
        lows, highs = bootstrap(values, identities[valid], seed=seed)
        for name, mean, low, high in zip(SHARES, values.mean(0), lows, highs, strict=True):
            shares |= {name: float(mean), f"{name}_interval": (float(low), float(high))}
    return RetrievalFigures(
        queries=len(ranks.answers),
        valid_queries=len(valid),
        identities=len(np.unique(identities[valid])),
        **shares,
    )


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
