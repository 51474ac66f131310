"""Who comes when: the order of an epoch is a function of seed, epoch and ids."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from atalho import chance
from atalho.data.manifest import Ids


def epoch(seed: int, epoch: int, ids: Ids, batch_size: int) -> list[Ids]:
    """Batches of one epoch: each id exactly once, ceil(N / batch_size) batches whose sizes differ by one at most.

    Nearly equal batches, because a last batch of a few images would give a noisy gradient and noisy norms.
    """
    if not len(ids):
        return []
    order = chance.permutation(seed, "order", epoch, ids)
    return np.array_split(order, -(-len(ids) // batch_size))


def smallest(count: int, batch_size: int) -> int:
    """Images of the smallest batch of an epoch of `count`."""
    return count // max(1, -(-count // batch_size))


def share(ids: Ids, rank: int, world: int) -> Ids:
    """The part of a batch that `rank` of `world` takes: each id falls to one rank, and the parts differ by one at most.

    Alone it is the batch itself.
    """
    return ids if world == 1 else np.array_split(ids, world)[rank]


def parts(count: int, largest: int | None) -> list[slice]:
    """`count` images as nearly equal parts of `largest` at most; one part where that is None."""
    if largest is None or largest >= count:
        return [slice(0, count)]
    pieces = -(-count // largest)
    ends = [count * piece // pieces for piece in range(pieces + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


def in_order(ids: Ids, batch_size: int) -> list[Ids]:
    """Batches for evaluation, in the order given."""
    return [ids[first : first + batch_size] for first in range(0, len(ids), batch_size)]
