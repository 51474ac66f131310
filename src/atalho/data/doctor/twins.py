"""The same image twice, or almost: in two splits, under two labels, or within a class."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.survey import Survey
from atalho.data.doctor.problem import Problem
from atalho.data.doctor.similar import similar_pairs
from atalho.data.doctor.small import Small
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


class _Where:
    """Split (0 train, 1 val, 2 test) and label of each image, for comparisons."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.labels = manifest.labels
        self.splits = np.zeros(len(manifest), np.int64)
        for place, name in enumerate(SPLITS):
            self.splits[manifest.splits.get(name, np.empty(0, np.int64))] = place

    def order(self, numbers: Sequence[int]) -> list[int]:
        """Training images first: what is to be removed comes last."""
        return sorted(numbers, key=lambda number: (int(self.splits[number]), number))

    def name(self, number: int) -> str:
        return self.manifest.names[number]

    def split(self, number: int) -> str:
        return SPLITS[int(self.splits[number])]

    def label(self, number: int) -> str:
        return self.manifest.classes[int(self.labels[number])]


def problems(manifest: Manifest, survey: Survey, small: Small) -> Iterator[Problem]:
    """All duplicate images: good to know within a class, and skewing results across classes or splits."""
    where = _Where(manifest)
    good = small.good
    _values, content = np.unique(_content(manifest, survey)[good], return_inverse=True)
    for group in _groups(content):
        yield from _same(where, where.order(good[group].tolist()))
    # One image for each content, split and label: the others would only repeat what is found.
    key = np.stack([content, where.splits[good], where.labels[good]], axis=1)
    _rows, once = np.unique(key, axis=0, return_index=True)
    pairs = once[similar_pairs(small.grey[good[once]])]
    differ = content[pairs[:, 0]] != content[pairs[:, 1]]
    yield from _similar(where, good[pairs[differ]])


def _content(manifest: Manifest, survey: Survey) -> NDArray[np.void]:
    """The content of each image as one value that can be compared."""
    rows = survey.digests
    if manifest.pixels is not None:
        rows = np.ascontiguousarray(manifest.pixels.reshape(len(manifest), -1))
    return rows.view(f"V{rows.shape[1]}").ravel()


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
