"""Splits that Atalho makes where the data brings none: stratified by class, a function of the seed and the names."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho import chance
from atalho.data.manifest import Ids, bytewise

LARGEST_VAL: Final = 1000


def hold_out(
    ids: Ids, labels: Ids, names: Sequence[str], fraction: float, seed: int, stream: str, most: int | None = None,
    *, whole: bool = False,
) -> tuple[Ids, Ids]:  # fmt: skip
    """Divide `ids` into (kept, held out), each class by itself. With `whole`, images of one name stay together.

    At least one image of each class with two or more is held out and at least one is kept. Where that would be
    more than `most` images, every class gives one and the classes share what is left of `most` by their sizes.
    Which image goes depends on its name and the seed alone, so that new images do not move the others.
    """
    if fraction <= 0 or not len(ids):
        return ids, ids[:0]
    classes, sizes = np.unique(labels[ids], return_counts=True)
    wanted = np.minimum(np.maximum(1, (fraction * sizes + 1e-9).astype(np.int64)), sizes - 1)
    if most is not None and wanted.sum() > most:
        # In whole numbers and rounded down, so that the sum over classes cannot pass `most`.
        spare = max(0, most - len(classes))
        wanted = np.minimum(wanted, 1 + (sizes - 1) * spare // max(1, int((sizes - 1).sum())))
    if whole:
        return _hold_out_groups(ids, labels, np.array([names[number] for number in ids.tolist()]), wanted, seed, stream)
    hashes = np.array([name_hash(names[number]) for number in ids.tolist()], dtype=np.int64)
    ranks = chance.bits(seed, stream, 0, hashes, 1)[:, 0]
    held = np.zeros(len(ids), dtype=bool)
    for label, count in zip(classes, wanted, strict=True):
        members = np.flatnonzero(labels[ids] == label)
        held[members[np.argsort(ranks[members], kind="stable")[:count]]] = True
    return ids[~held], ids[held]


def _hold_out_groups(
    ids: Ids, labels: Ids, groups: NDArray[np.str_], wanted: Ids, seed: int, stream: str
) -> tuple[Ids, Ids]:
    """As `hold_out`, by whole groups: in an order by chance those are taken that leave each class a group to learn.

    A class may give more than `wanted` where its first group is larger than that.
    """
    every, members = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(every), len(wanted)), np.int64)
    np.add.at(counts, (members, np.unique(labels[ids], return_inverse=True)[1]), 1)
    hashes = np.array([name_hash(name) for name in every.tolist()], dtype=np.int64)
    taken, left = np.zeros_like(wanted), counts.sum(axis=0)
    chosen = []
    for group in np.argsort(chance.bits(seed, stream, 0, hashes, 1)[:, 0], kind="stable").tolist():
        there = counts[group] > 0
        fits = (taken == 0) & (wanted > 0) | (taken + counts[group] <= wanted)
        if (fits & (counts[group] < left))[there].all():
            chosen.append(group)
            taken += counts[group]
            left -= counts[group]
    held = np.isin(members, chosen)
    return ids[~held], ids[held]


def name_hash(name: str) -> int:
    """A whole number that stands for a name wherever chance needs an id."""
    digest = hashlib.blake2b(bytewise(name), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
