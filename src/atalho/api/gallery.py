"""What one does with a gallery that is there: look at it, take images out, check it, make its index again."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from atalho.data.order import PathLike, several
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.store import Entry, Store, damaged, open_store, place, shown


@contextmanager
def opened(gallery: PathLike) -> Iterator[Store]:
    """The store of `gallery`, closed afterwards. Raises GalleryError where there is none."""
    store = open_store(place(gallery))
    try:
        yield store
    finally:
        store.close()


def entries(gallery: PathLike, label: str | None = None) -> Iterator[Entry]:
    """The images of a gallery, or those of one label, in the order in which they came."""
    with opened(gallery) as store:
        yield from (entry for entry in store.entries() if label is None or entry.label == label)


def remove(gallery: PathLike, *, paths: PathLike | Iterable[PathLike] = (), labels: str | Iterable[str] = ()) -> int:
    """Take out the images with these paths or labels, one or several; returns how many.

    Raises ConfigError where none is named.
    """
    chosen = _chosen(paths, labels)
    with opened(gallery) as store:
        return store.remove([entry.digest for entry in store.entries() if chosen(entry)])


def relabel(
    gallery: PathLike, label: str, *, paths: PathLike | Iterable[PathLike] = (), labels: str | Iterable[str] = ()
) -> int:
    """Give the images with these paths or labels another `label`, or with "" none; returns how many had another one.

    Raises ConfigError where no images are named, GalleryError where a vector is damaged; nothing has changed then.
    """
    chosen, wanted = _chosen(paths, labels), label or None
    with opened(gallery) as store:
        named = [replace(e, label=wanted) for e in store.entries() if chosen(e) and e.label != wanted]
        kept = store.vectors([entry.digest for entry in named])
        if len(kept) < len(named):
            raise damaged(shown(place(gallery)))
        if named:
            store.put(named, np.stack([kept[entry.digest] for entry in named]))
        return len(named)


def prune(gallery: PathLike, *, dry_run: bool = False) -> list[Entry]:
    """Take out the images whose files are gone; returns them. A `dry_run` only finds them.

    Raises GalleryError where no file is there any more, because then a drive is missing, or all have moved.
    """
    with opened(gallery) as store:
        gone = [entry for entry in store.entries() if not os.path.lexists(entry.path)]
        if gone and len(gone) == store.count():
            raise GalleryError(
                "None of the {count} files of {gallery} is there, such as {path}. Is a drive missing? Images that "
                "moved are found again with: atalho index",
                count=len(gone),
                gallery=shown(place(gallery)),
                path=gone[0].path,
            )
        if not dry_run:
            store.remove([entry.digest for entry in gone])
        return gone


def _chosen(paths: PathLike | Iterable[PathLike], labels: str | Iterable[str]) -> Callable[[Entry], bool]:
    # Case does not count where the system finds files without it.
    wanted = {os.path.normcase(os.path.abspath(path)) for path in several(paths)}  # noqa: PTH100
    named = set(several(labels))
    if not wanted and not named:
        raise ConfigError("No images given. Give paths, or --label NAME.")
    return lambda entry: os.path.normcase(entry.path) in wanted or entry.label in named


def verify(gallery: PathLike) -> list[str]:
    """What is wrong with a gallery, one sentence each; nothing where all is well."""
    with opened(gallery) as store:
        return store.verify()


def rebuild(gallery: PathLike) -> None:
    """Make again what makes searching fast; the images and their vectors stay as they are."""
    with opened(gallery) as store:
        store.rebuild()
