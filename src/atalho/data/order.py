"""Who comes when: the order of an epoch is a function of seed, epoch and ids."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any, Final, TypeVar

import numpy as np

from atalho import chance
from atalho.data.manifest import Ids
from atalho.errors import ConfigError

PathLike = str | os.PathLike[str]
AT_ONCE: Final = 64
"""Images that are read, and then computed together, where they come one by one."""
_Item = TypeVar("_Item")


def epoch_batches(seed: int, epoch: int, ids: Ids, batch_size: int) -> list[Ids]:
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


def batched(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """`items` by `AT_ONCE` as they come, the last ones perhaps fewer: `itertools.batched` of Python 3.12."""
    waiting = iter(items)
    while batch := list(islice(waiting, AT_ONCE)):
        yield batch


def identity_batches(seed: int, epoch: int, ids: Ids, labels: Ids, identities: int, images: int) -> list[Ids]:
    """Batches of `identities` × `images` of one epoch over `ids`: every identity once.

    There are ceil(all / `identities`) batches, whose numbers of identities differ by one. The images of an identity
    are dealt like a deck: K in one epoch, the next K in the next, and shuffled again when fewer than K are left. An
    identity with fewer than K images gives all it has, so that no image comes twice in a batch: its copies would be
    varied alike, and teach that the same picture is the same.

    `labels` are those of all images, by id; `images` is K.
    """
    own = labels[ids]
    by_identity = np.argsort(own, kind="stable")
    every, starts = np.unique(own[by_identity], return_index=True)
    decks = dict(zip(every.tolist(), np.split(ids[by_identity], starts[1:]), strict=True))
    chosen = epoch_batches(seed, epoch, every, identities)
    return [np.concatenate([_hand(seed, epoch, decks[who], images) for who in some.tolist()]) for some in chosen]


def identity_steps(ids: Ids, labels: Ids, identities: int) -> int:
    """How many batches an epoch of `identity_batches` has."""
    return -(-len(np.unique(labels[ids])) // identities)


def _hand(seed: int, epoch: int, deck: Ids, images: int) -> Ids:
    rounds = max(1, len(deck) // images)
    shuffle, place = divmod(epoch, rounds)
    return chance.permutation(seed, "images of identities", shuffle, deck)[place * images : (place + 1) * images]


def several(given: Any, *single: type) -> Iterable[Any]:
    """What a caller gave as one item or several, as several.

    One text, path or value of a `single` type is one item: taken apart it would be letters, and `/` is a folder too.
    Raises ConfigError for what is neither.
    """
    if isinstance(given, (str, os.PathLike, *single)):
        return [given]
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise ConfigError("Expected a path or a list of paths, not {given}.", given=repr(given))
    return given


def paths(given: PathLike | Iterable[PathLike]) -> Iterator[str]:
    """One path or several as texts, as they come."""
    return map(os.fspath, several(given))
