"""What one does with a gallery that is there: look at it, take images out, check it, make its index again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from atalho.data.order import PathLike, several
from atalho.errors import ConfigError
from atalho.gallery.store import Entry, Store, open_store, place
from atalho.text import Text


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


def remove(
    gallery: PathLike,
    *,
    paths: PathLike | Iterable[PathLike] = (),
    labels: str | Iterable[str] = (),
) -> int:
    """Take out the images with these paths or labels, one or several; returns how many.

    Raises ConfigError where none is named.
    """
    wanted, named = {os.path.abspath(path) for path in several(paths)}, set(several(labels))  # noqa: PTH100
    if not wanted and not named:
        raise ConfigError(Text("Nothing was named to be removed. Give paths, or --label NAME."))
    with opened(gallery) as store:
        return store.remove([e.digest for e in store.entries() if e.path in wanted or e.label in named])


def verify(gallery: PathLike) -> list[str]:
    """What is wrong with a gallery, one sentence each; nothing where all is well."""
    with opened(gallery) as store:
        return store.verify()


def rebuild(gallery: PathLike) -> None:
    """Make again what makes searching fast; the images and their vectors stay as they are."""
    with opened(gallery) as store:
        store.rebuild()
