"""The same image twice, or almost: in two splits, under two labels, or within a class."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.doctor.problem import Problem
from atalho.data.doctor.similar import similar_pairs
from atalho.data.manifest import SPLITS, Ids, Manifest
from atalho.text import N_, Text, ntext

_TWO_SPLITS: Final = N_("Keep it in one split only; otherwise test accuracy is inflated.")
_TWO_CLASSES: Final = N_("Look at both: one label is wrong, or the image shows both classes. Keep only one of them.")
_TWICE: Final = N_("Remove one of them, unless it is meant to count twice.")
_TEXTS: Final = {
    "same-in-splits": (N_("in {split}; the same image is {other} in {their_split}"), _TWO_SPLITS),
    "similar-in-splits": (N_("in {split}; almost the same image is {other} in {their_split}"), _TWO_SPLITS),
    "same-in-classes": (N_("labelled {label}; the same image {other} is labelled {their_label}"), _TWO_CLASSES),
    "similar-in-classes": (
        N_("labelled {label}; the almost identical image {other} is labelled {their_label}"),
        _TWO_CLASSES,
    ),
    "same-in-class": (N_("the same image as {other}"), _TWICE),
    "similar-in-class": (N_("almost the same image as {other}"), _TWICE),
}


@dataclass(frozen=True, eq=False)
class Alike:
    """Which of N images are the same: `content` (N,) is equal for them, and −1 for those that were not compared.

    `pairs` (M, 2) are almost the same and differ in content; None where only contents were compared.
    """

    content: Ids
    pairs: Ids | None

    def groups(self) -> Ids:
        """A number for each image (N,), equal where images are the same or almost, directly or by way of others."""
        group = np.where(self.content >= 0, self.content, np.arange(len(self.content)) + len(self.content))
        linked = group[self.pairs] if self.pairs is not None else np.empty((0, 2), np.int64)
        root = {int(number): int(number) for number in np.unique(linked)}
        for one, other in linked.tolist():
            root[_end(root, max(one, other))] = _end(root, min(one, other))
        known = np.array(sorted(root), np.int64)
        ends = np.array([_end(root, number) for number in known.tolist()], np.int64)
        there = np.isin(group, known)
        group[there] = ends[np.searchsorted(known, group[there])]
        return group


class _Where:
    """Split (0 train, 1 val, 2 test, −1 none) and label of each image, for comparisons."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.labels = manifest.labels
        self.splits = split_places(manifest)

    def order(self, numbers: Sequence[int]) -> list[int]:
        """Training images first: what is to be removed comes last."""
        return sorted(numbers, key=lambda number: (int(self.splits[number]), number))

    def name(self, number: int) -> str:
        return self.manifest.names[number]

    def split(self, number: int) -> str:
        return SPLITS[int(self.splits[number])]

    def label(self, number: int) -> str:
        return self.manifest.classes[int(self.labels[number])]


def split_places(manifest: Manifest) -> Ids:
    """The split of each image (N,) by its place among `SPLITS`; −1 for those that are in none."""
    places = np.full(len(manifest), -1, np.int64)
    for place, name in enumerate(SPLITS):
        places[manifest.splits.get(name, np.empty(0, np.int64))] = place
    return places


def find(manifest: Manifest, digests: NDArray[np.uint8], grey: NDArray[np.uint8] | None, good: Ids) -> Alike:
    """Compare the images `good` that are in a split, by what is known of all N.

    `digests` (N, 16) are of their contents, `grey` (N, S, S) small versions, None where those are not compared.
    """
    splits = split_places(manifest)
    good = good[splits[good] >= 0]
    content = np.full(len(manifest), -1, np.int64)
    values = np.ascontiguousarray(digests[good]).view(f"V{digests.shape[1]}").ravel()
    content[good] = np.unique(values, return_inverse=True)[1]
    if grey is None:
        return Alike(content, None)
    # One image for each content, split and label: the others would only repeat what is found.
    key = np.stack([content[good], splits[good], manifest.labels[good]], axis=1)
    once = good[np.unique(key, axis=0, return_index=True)[1]]
    pairs = once[similar_pairs(grey[once])]
    return Alike(content, pairs[content[pairs[:, 0]] != content[pairs[:, 1]]])


def problems(manifest: Manifest, alike: Alike) -> Iterator[Problem]:
    """All duplicates among images in a split: good to know within a class, skewing results across classes or splits."""
    where = _Where(manifest)
    there = np.flatnonzero((alike.content >= 0) & (where.splits >= 0))
    for group in _groups(alike.content[there]):
        yield from _same(where, where.order(there[group].tolist()))
    if alike.pairs is not None:
        yield from _similar(where, alike.pairs[(where.splits[alike.pairs] >= 0).all(axis=1)])


def _end(root: dict[int, int], number: int) -> int:
    """Where the chain of `root` from `number` ends; it is shortened on the way."""
    while root[number] != number:
        root[number] = root[root[number]]
        number = root[number]
    return number


def _groups(content: Ids) -> Iterator[Ids]:
    """The places of equal values, for each value that is there more than once."""
    order = np.argsort(content, kind="stable")
    bounds = np.flatnonzero(np.diff(content[order])) + 1
    yield from (group for group in np.split(order, bounds) if len(group) > 1)


def _same(where: _Where, group: list[int]) -> Iterator[Problem]:
    first, *others = group
    if len({int(where.labels[number]) for number in group}) > 1:
        last = next(number for number in reversed(group) if where.labels[number] != where.labels[first])
        yield _problem(where, "same-in-classes", last, [number for number in group if number != last])
    for number in others:
        if where.splits[number] != where.splits[first]:
            yield _problem(where, "same-in-splits", number, [other for other in group if other != number])
        elif where.labels[number] == where.labels[first]:
            yield _problem(where, "same-in-class", number, [first])


def _similar(where: _Where, pairs: Ids) -> Iterator[Problem]:
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for pair in pairs.tolist():
        first, second = where.order(pair)
        labels, splits = (values[first] != values[second] for values in (where.labels, where.splits))
        if labels:
            alike["similar-in-classes", second].append(first)
        if splits:
            alike["similar-in-splits", second].append(first)
        if not labels and not splits:
            alike["similar-in-class", second].append(first)
    for (kind, number), others in sorted(alike.items()):
        yield _problem(where, kind, number, others)


def _problem(where: _Where, kind: str, number: int, others: list[int]) -> Problem:
    text, remedy = _TEXTS[kind]
    apart = where.splits if kind.endswith("splits") else where.labels if kind.endswith("classes") else None
    # The one to compare with, where some of the others are no part of the problem.
    other = next((o for o in others if apart is None or apart[o] != apart[number]), others[0])
    message = Text(
        text,
        other=where.name(other),
        split=where.split(number),
        their_split=where.split(other),
        label=where.label(number),
        their_label=where.label(other),
    )
    if len(others) > 1:
        message = ntext(
            "{message}; {count} more like it", "{message}; {count} more like it", len(others) - 1,
            message=message, count=len(others) - 1,
        )  # fmt: skip
    listed = [other, *(o for o in others if o != other)]
    return Problem(kind, message, Text(remedy), where.name(number), tuple(map(where.name, listed)))
