"""Which images are to be indexed and what they show: from folders, tables and files, and from what the gallery knows.

Not knowing a label is no news: what the gallery knows is kept. A label that only a folder's own name suggests gives way
to one that the gallery knows. A label that the gallery has from another folder may be another identity, and is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from atalho.api import predict
from atalho.data.layouts import identities
from atalho.data.layouts.patterns import PathPatterns
from atalho.data.layouts.split_names import split_name
from atalho.data.order import PathLike, several
from atalho.errors import ConfigError
from atalho.gallery.store import Entry, Store
from atalho.text import Text, ntext
from atalho.training.progress import Progress

_TABLES = (".csv", ".tsv")
_PARTS = frozenset({"query", "gallery", "bounding_box_train", "bounding_box_test"})


@dataclass(frozen=True)
class Labelled:
    """A file to index, and what it shows as far as that is known.

    Where it is not `certain`, the label is a folder's name, and only for images of which the gallery knows none.
    """

    path: str
    label: str | None = None
    camera: str | None = None
    certain: bool = True

    def joined(self, other: Labelled) -> Labelled | None:
        """What both say of the same image; None where they contradict each other."""
        if (
            other.label is None
            or other.label == self.label
            or (self.label is not None and self.certain and not other.certain)
        ):
            return self if self.label is not None else replace(self, camera=self.camera or other.camera)
        if self.label is None or (other.certain and not self.certain):
            return replace(self, label=other.label, certain=other.certain, camera=self.camera or other.camera)
        return None

    def entry(self, digest: str, known: Entry | None) -> Entry:
        """As the gallery keeps it: what is not known here stays as it was, and so does a place that still exists."""
        here = os.path.abspath(self.path)  # noqa: PTH100 (links stay links)
        if known is None:
            return Entry(digest, here, self.label, self.camera)
        keeps = self.label is None or (known.label is not None and not self.certain)
        label = known.label if keeps else self.label
        stays = label == known.label and os.path.lexists(known.path)
        return Entry(digest, known.path if stays else here, label, self.camera or known.camera)


@dataclass
class _Source:
    """A folder or table that was named: below `root` its labels mean the same identity."""

    root: str
    images: list[Labelled]
    folder: str = ""
    """The folder whose name is the label of all images, where it holds them itself."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Of the labels that another folder has too: an image of it."""

    def holds(self, path: str) -> bool:
        """Whether `path` is below the root."""
        return path.startswith(self.root.rstrip(os.sep) + os.sep)


class LabelledImages:
    """The images that were named to be indexed. Reads folders and tables, and no image."""

    def __init__(
        self,
        named: PathLike | Labelled | Iterable[PathLike | Labelled],
        patterns: PathPatterns,
        progress: Progress,
        *,
        label: str | None = None,
        prefix: str | None = None,
    ) -> None:
        if label and prefix:
            raise ConfigError("--label sets the whole label and --prefix only its beginning: give one of them.")
        self._label, self._progress = label, progress
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        self._sources = [self._source(image, patterns) for image in several(named, Labelled)]

    def _source(self, named: PathLike | Labelled, patterns: PathPatterns) -> _Source:
        if isinstance(named, Labelled):
            return _Source("", [self._called(named)])
        name = os.fspath(named)
        path = Path(name)
        if not (os.path.isdir(name) or (os.path.isfile(name) and name.lower().endswith(_TABLES))):  # noqa: PTH112, PTH113 (no error for a name that is too long)
            return _Source("", [self._called(Labelled(file)) for file in predict.find(name)])
        listing = identities.read(path, patterns.camera, patterns.identity, every=True)
        for note in listing.notes:
            self._progress.note(str(note))
        rows = zip(listing.names, listing.classes, listing.cameras, strict=True)
        images = [
            self._called(Labelled(str(listing.root / name), self._prefix + label if label else None, seen or None))
            for name, label, seen in rows
        ]
        if self._label is not None:
            return _Source("", images)
        root = Path(os.path.abspath(listing.root))  # noqa: PTH100
        if listing.layout == "identities" and not any(listing.classes):
            return _Source(str(root.parent), images, str(root))
        part = root.name in _PARTS or split_name(root.name) is not None
        return _Source(str(root.parent if part else root), images)

    def _called(self, image: Labelled) -> Labelled:
        return image if self._label is None else replace(image, label=self._label or None)

    def images(self, store: Store) -> list[Labelled]:
        """The images with their labels, in the order in which they were named, after a look into the gallery."""
        labels = [{image.label for image in source.images} - {None} for source in self._sources]
        for number, source in enumerate(self._sources):
            if source.folder:
                labels[number] = {self._prefix + Path(source.folder).name}
        if any(source.root for source in self._sources):
            self._look(store, labels)
        return [image for source in self._sources for image in source.images]

    def _look(self, store: Store, labels: Sequence[set[str | None]]) -> None:
        """Find what the gallery calls the images of a folder without identities, and labels that two folders give."""
        beside: dict[str, set[str | None]] = {source.folder: set() for source in self._sources if source.folder}
        here: set[tuple[int, str | None]] = set()
        rooted = [(number, source) for number, source in enumerate(self._sources) if source.root]
        for entry in store.entries():
            beside.get(os.path.dirname(entry.path), set()).add(entry.label)  # noqa: PTH120 (for every image)
            for number, source in rooted:
                if entry.label in labels[number]:
                    if source.holds(entry.path):
                        here.add((number, entry.label))
                    elif entry.label not in source.elsewhere and os.path.lexists(entry.path):
                        source.elsewhere[str(entry.label)] = entry.path
        for number, source in rooted:
            source.elsewhere = {k: path for k, path in source.elsewhere.items() if (number, k) not in here}
            for other, before in rooted[:number]:
                apart = not (source.root == before.root or source.holds(before.root) or before.holds(source.root))
                shared = labels[number] & labels[other] if apart and number != other else set()
                source.elsewhere.update((str(label), before.root) for label in shared)
            if source.folder:
                self._name(source, beside[source.folder])
        self._tell([pair for source in self._sources for pair in source.elsewhere.items()])

    def _name(self, source: _Source, known: set[str | None]) -> None:
        """The label of a folder that holds images itself: what the gallery calls its images, else the folder's name."""
        name = Path(source.folder).name
        label = None if known else self._prefix + name
        if len(known - {None}) == 1:
            (label,) = known - {None}
        if label != self._prefix + name:
            source.elsewhere.pop(self._prefix + name, None)
        source.images = [replace(image, label=label, certain=False) for image in source.images]
        if label is not None:
            text = Text(
                "{folder} holds images itself: those without a label get {label}. "
                'Another: --label NAME; none: --label ""'
            )
            self._progress.note(str(text.format(folder=source.folder, label=label)))

    def _tell(self, elsewhere: Sequence[tuple[str, str]]) -> None:
        if elsewhere:
            label, path = elsewhere[0]
            text = ntext(
                "{count} label is also known from another folder: {label}, from {path}. If that is another identity, "
                "take the new images out again and index them with --prefix NAME.",
                "{count} labels are also known from another folder, such as {label}, from {path}. If those are other "
                "identities, take the new images out again and index them with --prefix NAME.",
                len(elsewhere),
            )
            self._progress.note(str(text.format(count=len(elsewhere), label=label, path=path)))
