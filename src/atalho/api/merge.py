"""Merge: the images of several galleries of one model in one, with what each knows of them."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from atalho.api.gallery import opened
from atalho.data.order import PathLike, batched, several
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.store import Entry, Store, damaged, open_store, place, shown


@dataclass(frozen=True)
class MergeConflict:
    """An image of which two galleries say different things: the one that was `kept`, and the `other`, left out.

    They are the same image with another label, or another image at the same path, because the file was overwritten.
    """

    kept: Entry
    other: Entry
    gallery: str


@dataclass(frozen=True)
class Merged:
    """What became of the images: new ones, those of which more is known now, those that were there as they are.

    `shared` are the labels of new images that earlier galleries had too: they are one identity now.
    """

    new: int
    changed: int
    same: int
    conflicts: tuple[MergeConflict, ...]
    shared: tuple[str, ...]


def merge(galleries: PathLike | Iterable[PathLike], into: PathLike) -> Merged:
    """Put the images of all `galleries` into the gallery `into`, which may be there already; they stay as they are.

    Of an image that several have, the first label and camera that is known is kept, first of all that of `into`.
    What was merged before an interruption stays, and merging again goes on. Raises GalleryError, before anything is
    written, where the galleries are of different models; and for a damaged vector, with what came before it merged.
    """
    target = place(into)
    sources = [name for name in map(place, several(galleries)) if name != target]
    if not sources:
        raise ConfigError("No galleries to merge. Give one or more, and --into another.")
    with ExitStack() as stack:
        stores = [stack.enter_context(opened(name)) for name in sources]
        for name, store in zip(sources, stores, strict=True):
            if store.origin.fingerprint != stores[0].origin.fingerprint:
                raise GalleryError(
                    "{first} and {second} have vectors of different models ({model}, {other}). To merge them, index "
                    "the images of one with the model of the other.",
                    first=shown(sources[0]),
                    second=shown(name),
                    model=stores[0].origin.model,
                    other=store.origin.model,
                )
        kept = open_store(target, stores[0].origin)
        stack.callback(kept.close)
        merging = _Merging(kept)
        for name, store in zip(sources, stores, strict=True):
            merging.add(store, shown(name))
        return merging.result()


class _Merging:
    """The gallery that is filled, and what became of the images so far."""

    def __init__(self, into: Store) -> None:
        self._into = into
        self._new = self._changed = self._same = 0
        self._conflicts: list[MergeConflict] = []
        self._shared: set[str] = set()
        self._at = {entry.path: entry for entry in into.entries()}
        self._labels = {entry.label for entry in self._at.values()} - {None}

    def add(self, source: Store, name: str) -> None:
        labels: set[str | None] = set()
        for batch in batched(source.entries()):
            known = self._into.known([entry.digest for entry in batch])
            put = []
            for entry in batch:
                there, overwritten = known.get(entry.digest), self._at.get(entry.path)
                if there is not None:
                    put += self._joined(there, entry, name)
                elif overwritten is not None:
                    self._conflicts.append(MergeConflict(overwritten, entry, name))
                else:
                    put.append(entry)
                    labels.add(entry.label)
                    self._new += 1
            if put:
                vectors = source.vectors([entry.digest for entry in put])
                if len(vectors) < len(put):
                    raise damaged(name)
                self._into.put(put, np.stack([vectors[entry.digest] for entry in put]))
            self._at.update((entry.path, entry) for entry in put)
        self._shared |= {label for label in labels & self._labels if label is not None}
        self._labels |= labels - {None}

    def _joined(self, there: Entry, other: Entry, gallery: str) -> list[Entry]:
        """What both know of one image, where that is more; its place is the first one that still exists."""
        if there.label and other.label and there.label != other.label:
            self._conflicts.append(MergeConflict(there, other, gallery))
        moved = other.path not in self._at and not os.path.lexists(there.path) and os.path.lexists(other.path)
        joined = replace(
            there,
            label=there.label or other.label,
            camera=there.camera or other.camera,
            path=other.path if moved else there.path,
        )
        self._changed, self._same = self._changed + (joined != there), self._same + (joined == there)
        return [joined] if joined != there else []

    def result(self) -> Merged:
        return Merged(self._new, self._changed, self._same, tuple(self._conflicts), tuple(sorted(self._shared)))
