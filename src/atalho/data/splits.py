"""Splits that Atalho makes where the data brings none: stratified by class, a function of the seed and the names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from atalho import chance
from atalho.data.manifest import Ids, bytewise

LARGEST_VAL: Final = 1000


def hold_out(
    ids: Ids, labels: Ids, names: Sequence[str], fraction: float, seed: int, stream: str, most: int | None = None
) -> tuple[Ids, Ids]:
    """Divide `ids` into (kept, held out), each class by itself.

    At least one image of each class with two or more is held out and at least one is kept. `most` lowers the
    fraction so that no more are held out, save that one of each class. Which image goes depends on its name and
    the seed alone, so that new images do not move the others.
    """
    if fraction <= 0 or not len(ids):
        return ids, ids[:0]
    share = fraction if most is None else min(fraction, most / len(ids))
    hashes = np.array([_name_hash(names[number]) for number in ids.tolist()], dtype=np.int64)
    ranks = chance.bits(seed, stream, 0, hashes, 1)[:, 0]
    held = np.zeros(len(ids), dtype=bool)
    for label in np.unique(labels[ids]):
        members = np.flatnonzero(labels[ids] == label)
        # Down, never up, so that the sum over classes cannot pass `most`.
        wanted = min(max(1, int(share * len(members) + 1e-9)), len(members) - 1)
        held[members[np.argsort(ranks[members], kind="stable")[:wanted]]] = True
    return ids[~held], ids[held]


def _name_hash(name: str) -> int:
    digest = hashlib.blake2b(bytewise(name), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
