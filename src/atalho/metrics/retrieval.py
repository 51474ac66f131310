"""Is the right one found first? CMC, mAP and mINP of queries against a gallery, by the protocol of Market-1501.

The gallery is not sorted by nearness: the rank of a right answer is one more than the number of images before it,
and an image comes before it that is at least as near. One comparison of the similarities with those of the few right
answers counts them all, block by block, so that memory does not grow with the number of queries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from atalho.errors import DataError, NotFiniteError

Integers = NDArray[np.int64]
Protocol = Literal["cross-camera", "leave-self-out"]
PrecisionRule = Literal["hits", "trapezoid"]
Metric = Literal["cosine", "euclidean"]

JUNK: Final = -1
"""Identity of an image that counts neither as right nor as wrong (Zheng et al. 2015)."""
_BLOCK_BYTES: Final = 128 * 2**20
"""Similarities at once: the larger the block, the faster the product."""
_LIST_BYTES: Final = 16 * 2**20
"""The same where each is sorted, which needs many times as much memory."""
_ROWS: Final = 32
"""Queries whose answers are counted at once, so that their numbers stay in the processor's cache."""
_SHORTEST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class EmbeddedImages:
    """N images as vectors (N,D), with their identities and cameras; `ids` says which image each is."""

    embeddings: Tensor
    identities: Integers
    cameras: Integers | None
    ids: Integers

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class AnswerRanks:
    """Of each query (Q,): how many right answers there were, the first one's rank (from 1), its AP, its INP.

    Where there is no right answer, `first` is 0 and the others are NaN.
    """

    answers: Integers
    first: Integers
    average_precision: NDArray[np.float64]
    inverse_penalty: NDArray[np.float64]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which queries have a right answer; only these are counted."""
        return self.answers > 0


def rank(
    queries: EmbeddedImages,
    gallery: EmbeddedImages,
    *,
    protocol: Protocol = "cross-camera",
    precision: PrecisionRule = "hits",
    metric: Metric = "cosine",
    distractor: int | None = None,
    distances: Tensor | None = None,
) -> AnswerRanks:
    """Where the right answers of each query stand.

    Right answers are the gallery's images of the query's identity that the protocol leaves: `cross-camera` leaves
    out those of the query's own camera, `leave-self-out` only the query's own image. What is left out counts neither
    way, nor does junk (identity -1); an image of the identity `distractor` is always wrong. Of images that are
    equally near, the wrong ones come first: no order of the gallery can flatter a network. AP is the mean of the
    precision at each hit, or integrates precision over recall by trapezoids, as the authors' MATLAB code does. Other
    `distances` (Q,G), such as re-ranking gives, may stand in for those of the vectors.

    Raises DataError where shapes do not fit or cameras are missing, NotFiniteError where a vector is not finite.
    """
    _check(queries, gallery, protocol)
    order = np.argsort(gallery.identities, kind="stable")
    starts, ends = (np.searchsorted(gallery.identities[order], queries.identities, side) for side in ("left", "right"))
    ends = np.where((queries.identities == JUNK) | (queries.identities == distractor), starts, ends)
    junk = torch.from_numpy(gallery.identities == JUNK)
    whole, real = np.zeros((2, len(queries)), np.int64), np.zeros((2, len(queries)))
    answer_ranks = AnswerRanks(whole[0], whole[1], real[0], real[1])
    near = _similarities(queries, gallery, metric, _BLOCK_BYTES) if distances is None else _turned(distances)
    for block, similarity in near:
        places, own = _same_identity(order, starts[block], ends[block])
        right = own & ~_left_out(queries, gallery, block, places, protocol)
        similarity[:, junk] = -torch.inf
        _fill(answer_ranks, block, similarity, torch.from_numpy(places), torch.from_numpy(own), right, precision)
    return answer_ranks


def nearest(
    queries: EmbeddedImages, gallery: EmbeddedImages, k: int, *, protocol: Protocol, metric: Metric = "cosine"
) -> list[Integers]:
    """For each query, the places in the gallery of the `k` nearest images that the protocol leaves, nearest first."""
    _check(queries, gallery, protocol)
    lists: list[Integers] = []
    for block, similarity in _similarities(queries, gallery, metric, _LIST_BYTES):
        places = np.arange(len(gallery))[None, :].repeat(len(similarity), 0)
        out = _left_out(queries, gallery, block, places, protocol)
        out &= gallery.identities[None, :] == queries.identities[block, None]
        out |= gallery.identities[None, :] == JUNK
        similarity = similarity.masked_fill(torch.from_numpy(out), -torch.inf)
        order = similarity.sort(dim=1, descending=True, stable=True).indices[:, :k].numpy()
        lists += [row[~gone[row]] for row, gone in zip(order, out, strict=True)]
    return lists


def _similarities(
    queries: EmbeddedImages, gallery: EmbeddedImages, metric: Metric, most: int
) -> Iterator[tuple[slice, Tensor]]:
    """Blocks of queries with their similarities (B,G) to the gallery, each until the next: nearer is larger.

    The cosine, or half the squared distance with its sign turned, less what is the same for the whole row.
    """
    first, second = queries.embeddings.detach().float(), gallery.embeddings.detach().float()
    squares = torch.linalg.vecdot(second, second)
    lengths = squares.sqrt().clamp_(min=_SHORTEST)
    rows = max(1, most // (4 * max(1, len(gallery))))
    room = torch.empty(min(rows, len(first)), len(second))
    for start in range(0, len(queries), rows):
        block = slice(start, min(start + rows, len(queries)))
        part = first[block]
        # In the same memory every time: new pages cost as much as a tenth of the product.
        product = torch.mm(F.normalize(part) if metric == "cosine" else part, second.T, out=room[: len(part)])
        yield block, product.div_(lengths) if metric == "cosine" else product.sub_(squares / 2)


def _turned(distances: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Blocks of given distances (Q,G) as similarities."""
    rows = max(1, _BLOCK_BYTES // (4 * max(1, distances.shape[1])))
    for start in range(0, len(distances), rows):
        block = slice(start, min(start + rows, len(distances)))
        yield block, -distances[block]


def _same_identity(order: Integers, starts: Integers, ends: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """The places (B,S) in the gallery of the query's identity, and which of them are no padding."""
    width = max(1, int((ends - starts).max(initial=0)))
    rows = starts[:, None] + np.arange(width)
    own = rows < ends[:, None]
    return order[np.where(own, rows, 0)], own


def _left_out(
    queries: EmbeddedImages, gallery: EmbeddedImages, block: slice, places: Integers, protocol: Protocol
) -> NDArray[np.bool_]:
    """Which images at `places` (B,S), all of the query's identity, the protocol leaves out."""
    if protocol == "leave-self-out" or queries.cameras is None or gallery.cameras is None:
        return np.equal(gallery.ids[places], queries.ids[block, None])
    return np.equal(gallery.cameras[places], queries.cameras[block, None])


def _fill(
    answer_ranks: AnswerRanks,
    block: slice,
    similarity: Tensor,
    places: Tensor,
    own: Tensor,
    right: NDArray[np.bool_],
    precision: PrecisionRule,
) -> None:
    same = similarity.gather(1, places).masked_fill(~own, -torch.inf)
    # Ascending, so that each similarity can be looked up; what is no answer stands at the end and counts nothing.
    answers = same.masked_fill(~torch.from_numpy(right), torch.inf).sort(dim=1).values
    count = right.sum(1)
    columns = np.arange(answers.shape[1])
    real = columns < count[:, None]
    before = _at_least(similarity, answers) - _at_least(same, answers)  # wrong ones that are as near or nearer
    hits = np.where(real, count[:, None] - columns, 1)  # the farthest answer is the last hit
    ranks = before.numpy() + hits
    exact = hits / ranks
    if precision == "trapezoid":
        previous = np.where(ranks > 1, (hits - 1) / np.maximum(ranks - 1, 1), 1.0)
        exact = (exact + previous) / 2
    answered = count > 0
    with np.errstate(invalid="ignore"):
        answer_ranks.average_precision[block] = np.where(real, exact, 0).sum(1) / np.where(answered, count, np.nan)
    answer_ranks.inverse_penalty[block] = np.where(answered, count / ranks[:, 0], np.nan)
    answer_ranks.first[block] = np.where(answered, np.where(real, ranks, np.iinfo(np.int64).max).min(1), 0)
    answer_ranks.answers[block] = count


def _at_least(values: Tensor, thresholds: Tensor) -> Tensor:
    """How many of `values` (B,G) are at least each of the ascending `thresholds` (B,S): (B,S)."""
    parts = zip(torch.split(values, _ROWS), torch.split(thresholds, _ROWS), strict=True)
    return torch.cat([_at_least_of_few(*part) for part in parts])


def _at_least_of_few(values: Tensor, thresholds: Tensor) -> Tensor:
    count, width = thresholds.shape
    # Most values lie below every threshold: finding the others costs less than searching for all.
    rows, columns = (values >= thresholds[:, :1]).nonzero(as_tuple=True)
    every = _ordered(torch.arange(count).repeat_interleave(width), thresholds.flatten())
    reached = torch.searchsorted(every, _ordered(rows, values[rows, columns]), right=True)
    # Of all rows' thresholds; one more place for each row holds the values that reach none of it.
    counts = torch.bincount(reached + rows, minlength=count * (width + 1)).view(count, width + 1)
    return counts.flip(1).cumsum(1).flip(1)[:, 1:]


def _ordered(rows: Tensor, values: Tensor) -> Tensor:
    """Integers (N,) in the order of the rows, and within a row in that of the values, fp32 without NaN."""
    bits = (values + 0.0).view(torch.int32)  # there are two zeros; their sum with zero is one of them
    return (rows << 32) + torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def _check(queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol) -> None:
    for images in (queries, gallery):
        sizes = {len(images.embeddings), len(images.identities), len(images.ids)}
        if images.cameras is not None:
            sizes.add(len(images.cameras))
        if images.embeddings.ndim != 2 or len(sizes) != 1:
            raise DataError(
                "Embeddings of shape {shape} and {count} identities: expected (N, D) and N.",
                shape=tuple(images.embeddings.shape),
                count=len(images.identities),
            )
        # A sum is not finite where one number is not, and is had sooner.
        if not images.embeddings.sum().isfinite():
            raise NotFiniteError("The embeddings have non-finite values: the weights are damaged.")
    if protocol == "cross-camera" and (queries.cameras is None or gallery.cameras is None):
        raise DataError(
            "The protocol cross-camera needs the camera of every image. If it is unknown, use leave-self-out."
        )
