"""Better answers from a second look: re-ranking by k-reciprocal neighbours, and query expansion.

Re-ranking (Zhong, Zheng, Cao and Li 2017) has memory that grows linearly here.

Two images that have each other among their nearest are probably the same identity. Each image becomes a short list of
such neighbours with weights; the Jaccard distance of two lists, mixed with the first distance, gives the new order.
The full matrix of distances between all images is never held: it is passed through in blocks of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.errors import ConfigError

_ROWS = 512
_PAIRS = 1 << 14

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Rerank:
    """The numbers of a re-ranking, as the paper names and sets them. Raises ConfigError for those that cannot be."""

    k1: int = 20
    k2: int = 6
    share: float = 0.3

    def __post_init__(self) -> None:
        if not (1 <= self.k2 <= self.k1 and 0 <= self.share <= 1):
            raise ConfigError(
                "k1 = {k1}, k2 = {k2}, share = {share}: expected 1 ≤ k2 ≤ k1 and a share from 0 to 1.",
                k1=self.k1,
                k2=self.k2,
                share=self.share,
            )


def k_reciprocal(queries: Tensor, gallery: Tensor | None = None, rerank: Rerank = Rerank()) -> Tensor:
    """New distances (Q,G), fp32, of queries (Q,D) to a gallery (G,D); without one, the queries are their own.

    `k1` neighbours make the reciprocal lists, the lists of `k2` neighbours are averaged, and the first distance
    (squared Euclidean, divided by the row's largest) keeps the given `share` (λ in the paper). Beside the result and
    the vectors it holds the lists alone: their length depends on `k1` and `k2`, not on how many images there are.
    """
    vectors = (queries if gallery is None else torch.cat([queries, gallery])).float()
    ranks, largest = _neighbours(vectors, min(rerank.k1 + 1, len(vectors)))
    lists = _averaged(_weighted(vectors, _reciprocal(ranks), largest), ranks[:, : rerank.k2])
    # The gallery's rows follow those of the queries, or are the same: an image that is both must not count twice.
    begin = 0 if gallery is None else len(queries)
    return _mixed(vectors, slice(0, len(queries)), begin, (lists, largest), rerank.share)


@dataclass(frozen=True)
class _Lists:
    """A sparse matrix by rows: row i holds columns[starts[i]:starts[i+1]] with their weights."""

    starts: Integers
    columns: Integers
    weights: Floats

    @classmethod
    def of(cls, rows: Integers, columns: Integers, weights: Floats, count: int) -> _Lists:
        """From entries sorted by row."""
        return cls(np.searchsorted(rows, np.arange(count + 1)), columns, weights)

    def rows(self) -> Integers:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def _neighbours(vectors: Tensor, count: int) -> tuple[Integers, Floats]:
    """The nearest `count` of each vector, itself first (N,count), and its largest squared distance (N,)."""
    squares = vectors.square().sum(1)
    ranks, largest = [], []
    for start in range(0, len(vectors), _ROWS):
        block = slice(start, start + _ROWS)
        distances = torch.addmm(squares, vectors[block], vectors.T, alpha=-2)  # without the row's own constant
        distances[torch.arange(len(distances)), torch.arange(start, start + len(distances))] = -torch.inf
        ranks.append(distances.topk(count, dim=1, largest=False).indices)
        largest.append(distances.amax(1) + squares[block])
    return torch.cat(ranks).numpy(), torch.cat(largest).numpy()


def _reciprocal(ranks: Integers) -> tuple[Integers, Integers]:
    """Rows and columns (E,) of the reciprocal lists: k1 neighbours, grown by the lists of those that mostly agree."""
    half = ranks[:, : round((ranks.shape[1] - 1) / 2) + 1]
    mutual, mutual_half = _mutual(ranks), _mutual(half)
    count = len(ranks)
    keys = []
    for start in range(0, count, _ROWS):
        mine, wanted = ranks[start : start + _ROWS], mutual[start : start + _ROWS]
        theirs, valid = half[mine], mutual_half[mine]  # (b, k1+1, k1/2+1)
        shared = np.zeros(theirs.shape, dtype=bool)
        for place in range(mine.shape[1]):
            shared |= (theirs == mine[:, place, None, None]) & wanted[:, place, None, None]
        agree = wanted & (3 * (shared & valid).sum(2) > 2 * valid.sum(2))
        rows = np.arange(start, start + len(mine))
        own = (rows[:, None] * count + mine)[wanted]
        grown = (rows[:, None, None] * count + theirs)[valid & agree[:, :, None]]
        keys.append(np.unique(np.concatenate([own, grown])))
    rows, columns = np.divmod(np.concatenate(keys), count)
    return rows, columns


def _mutual(ranks: Integers) -> NDArray[np.bool_]:
    """Whether each neighbour has the row among its own (N,k)."""
    mutual = np.zeros(ranks.shape, dtype=bool)
    rows = np.arange(len(ranks))[:, None]
    for place in range(ranks.shape[1]):
        mutual |= ranks[ranks, place] == rows
    return mutual


def _weighted(vectors: Tensor, entries: tuple[Integers, Integers], largest: Floats) -> _Lists:
    """Lists with weights exp(-distance) that sum to 1."""
    rows, columns = entries
    distances = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _PAIRS):
        part = slice(start, start + _PAIRS)
        distances[part] = (vectors[rows[part]] - vectors[columns[part]]).square_().sum(1).numpy()
    weights = np.exp(-distances / largest[rows])
    sums = np.bincount(rows, weights, minlength=len(vectors))
    return _Lists.of(rows, columns, (weights / sums[rows]).astype(np.float32), len(vectors))


def _averaged(lists: _Lists, ranks: Integers) -> _Lists:
    """Each list becomes the mean of its nearest images' lists."""
    count, k2 = ranks.shape
    keys, weights = [], []
    for start in range(0, count, _ROWS):
        members = ranks[start : start + _ROWS].ravel()
        places, lengths = _spread(lists.starts[members], lists.starts[members + 1])
        rows = np.repeat(np.repeat(np.arange(start, start + len(members) // k2), k2), lengths)
        unique, inverse = np.unique(rows * count + lists.columns[places], return_inverse=True)
        keys.append(unique)
        weights.append(np.bincount(inverse, lists.weights[places] / k2).astype(np.float32))
    rows, columns = np.divmod(np.concatenate(keys), count)
    return _Lists.of(rows, columns, np.concatenate(weights), count)


def _mixed(vectors: Tensor, asked: slice, begin: int, known: tuple[_Lists, Floats], share: float) -> Tensor:
    """share · first distance + (1 - share) · Jaccard distance, row by row: `asked` against the vectors from `begin`."""
    lists, largest = known
    queries, gallery, count = vectors[asked], vectors[begin:], asked.stop
    first = lists.starts[begin]
    # The gallery's entries by column: for each column, which gallery images hold it and with which weight.
    order = np.argsort(lists.columns[first:], kind="stable")
    columns = lists.columns[first:][order]
    holders = (lists.rows()[first:] - begin)[order]
    held = lists.weights[first:][order]
    starts = np.searchsorted(columns, np.arange(len(lists.starts)))
    squares = gallery.square().sum(1)
    result = torch.empty(count, len(gallery))
    for block in range(0, count, _ROWS):
        part = slice(block, block + _ROWS)
        own = queries[part].square().sum(1, keepdim=True)
        distances = (torch.addmm(squares, queries[part], gallery.T, alpha=-2) + own).clamp_(min=0)
        result[part] = distances / torch.from_numpy(largest[:count])[part, None]
    for query in range(count):
        mine = slice(lists.starts[query], lists.starts[query + 1])
        places, lengths = _spread(starts[lists.columns[mine]], starts[lists.columns[mine] + 1])
        common = np.minimum(np.repeat(lists.weights[mine], lengths), held[places])
        overlap = np.bincount(holders[places], common, minlength=len(gallery))
        jaccard = torch.from_numpy((1 - overlap / (2 - overlap)).astype(np.float32))
        result[query].mul_(share).add_(jaccard, alpha=1 - share)
    return result


def _spread(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """All places of the ranges [start, end), one after the other, and the ranges' lengths."""
    lengths = ends - starts
    total = np.cumsum(lengths)
    offsets = np.repeat(starts - (total - lengths), lengths)
    return offsets + np.arange(len(offsets)), lengths


def expand_queries(queries: Tensor, answers: Tensor) -> Tensor:
    """Average query expansion (Chum et al. 2007): unit queries (Q,D) averaged with their answers (Q,n,D), as units."""
    if answers.ndim != 3 or answers.shape[0] != len(queries) or answers.shape[2] != queries.shape[1]:
        raise ConfigError(
            "Cannot average queries of shape {queries} with answers of shape {shape}.",
            queries=tuple(queries.shape),
            shape=tuple(answers.shape),
        )
    return torch.nn.functional.normalize(queries + answers.sum(1), dim=1)


def expand_within(queries: Tensor, gallery: Tensor | None, count: int) -> Tensor:
    """Unit queries (Q,D) averaged with their `count` nearest of a gallery (G,D), as unit vectors (Q,D).

    Without a gallery the queries are their own, and that a query finds itself is no answer.
    """
    kept = queries if gallery is None else gallery
    most = min(count, len(kept) - (gallery is None))
    parts = []
    for start in range(0, len(queries), _ROWS):
        part = queries[start : start + _ROWS]
        similarity = part @ kept.T
        if gallery is None:
            similarity[torch.arange(len(part)), torch.arange(start, start + len(part))] = -torch.inf
        parts.append(expand_queries(part, kept[similarity.topk(most, dim=1).indices]))
    return torch.cat(parts) if parts else queries
