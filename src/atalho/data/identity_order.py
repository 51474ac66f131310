"""Batches of P identities × K images: every identity once an epoch, a pure function of (seed, epoch).

The images of an identity are dealt like a deck: K in one epoch, the next K in the next, and shuffled again when fewer
than K are left. An identity with fewer than K images gives all it has, so that no image comes twice in a batch: its
copies would be varied alike, and teach that the same picture is the same.
"""

from __future__ import annotations

import numpy as np

from atalho import chance
from atalho.data import order
from atalho.data.manifest import Ids


def epoch(seed: int, epoch: int, ids: Ids, labels: Ids, identities: int, images: int) -> list[Ids]:
    """Batches of one epoch over `ids`: ceil(all / `identities`) batches, whose numbers of identities differ by one.

    `labels` are those of all images, by id; `images` is K.
    """
    own = labels[ids]
    by_identity = np.argsort(own, kind="stable")
    every, starts = np.unique(own[by_identity], return_index=True)
    decks = dict(zip(every.tolist(), np.split(ids[by_identity], starts[1:]), strict=True))
    chosen = order.epoch(seed, epoch, every, identities)
    return [np.concatenate([_hand(seed, epoch, decks[who], images) for who in some.tolist()]) for some in chosen]


def batches(ids: Ids, labels: Ids, identities: int) -> int:
    """How many batches an epoch has."""
    return -(-len(np.unique(labels[ids])) // identities)


def _hand(seed: int, epoch: int, deck: Ids, images: int) -> Ids:
    rounds = max(1, len(deck) // images)
    shuffle, place = divmod(epoch, rounds)
    return chance.permutation(seed, "images of identities", shuffle, deck)[place * images : (place + 1) * images]
