"""Exact search: every vector is compared, block by block, and the best are kept."""

from collections.abc import Callable, Iterable

import numpy as np
import torch

from atalho.gallery.store import Ids, Vectors


def nearest_of_all(queries: Vectors, blocks: Iterable[tuple[Ids, Vectors]], k: int) -> tuple[Ids, Vectors]:
    """The ids (Q,k) and similarities (Q,k) of the `k` vectors with the largest inner product, best first.

    `blocks` gives (ids (N,), vectors (N,D)). Where fewer than `k` exist there are as many columns as vectors. Equal
    similarities stand in the order of their ids; which of those that tie for the last place are there is open.
    """
    asked = torch.from_numpy(queries)
    ids = torch.empty(len(queries), 0, dtype=torch.int64)
    similarities = torch.empty(len(queries), 0)
    for block_ids, vectors in blocks:
        similarity = asked @ torch.from_numpy(vectors).T
        best = similarity.topk(min(k, len(block_ids)), dim=1)
        ids = torch.cat([ids, torch.from_numpy(block_ids)[best.indices]], 1)
        similarities = torch.cat([similarities, best.values], 1)
        # By id first, then stably by similarity: the order of the blocks and of topk's ties leaves no trace.
        by_id = ids.argsort(1)
        by_value = similarities.gather(1, by_id).argsort(stable=True, dim=1, descending=True)
        order = by_id.gather(1, by_value)[:, :k]
        ids, similarities = ids.gather(1, order), similarities.gather(1, order)
    return ids.numpy(), similarities.numpy()


class Memory:
    """The vectors of a store, read once and kept until the store's generation changes; streamed where they are many."""

    def __init__(self, limit_bytes: int = 2 * 2**30) -> None:
        self._limit = limit_bytes
        self._generation = -1
        self._kept: list[tuple[Ids, Vectors]] = []

    def blocks(
        self, generation: int, size: int, read: Callable[[], Iterable[tuple[Ids, Vectors]]]
    ) -> Iterable[tuple[Ids, Vectors]]:
        """The blocks of `read`, from memory where `size` bytes of them fit and the generation is the one kept."""
        if size > self._limit:
            return read()
        if generation != self._generation:
            self._kept = _joined(list(read()))
            self._generation = generation
        return self._kept


def _joined(blocks: list[tuple[Ids, Vectors]]) -> list[tuple[Ids, Vectors]]:
    """One block of all, because one large product is faster than many small ones."""
    if not blocks:
        return []
    ids, vectors = zip(*blocks, strict=True)
    return [(np.concatenate(ids), np.concatenate(vectors))]
