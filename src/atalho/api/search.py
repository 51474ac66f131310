"""Search: which images of a gallery show the same as these, and whether any does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from atalho.api.index import embed, model_of, place
from atalho.data.order import batched
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.gallery.rerank import expand_queries
from atalho.gallery.store import Hit, Store, Vectors, open_store, shown
from atalho.metrics.verification import Threshold
from atalho.model import Model
from atalho.storage import threshold_file
from atalho.text import Text, _


@dataclass(frozen=True)
class Answer:
    """What was found for one image, best first. `unknown`: the best is below the model's threshold; None without one.

    `error` says why a file could not be read; it then has no hits.
    """

    path: str
    hits: tuple[Hit, ...]
    unknown: bool | None
    error: str | None = None


def search(
    gallery: str,
    images: Iterable[str],
    *,
    k: int = 10,
    model: Path | str | None = None,
    exact: bool = False,
    expand: int = 0,
) -> Iterator[Answer]:
    """Search a gallery for the images that are nearest to these.

    Everything but the images is checked before the first answer.

    Parameters
    ----------
    gallery
        A file that `index` wrote, or postgresql://….
    images
        Paths of images.
    k
        How many hits an answer has at most.
    model
        Where the model of the gallery is, if it moved.
    exact
        Compare with every image, instead of asking the index of a large gallery.
    expand
        How many first answers are averaged into the query before it is asked again (Chum et al. 2007).

    Yields
    ------
    Answer
        One per image, in order and as they come; a file that cannot be read has its reason there.

    Raises
    ------
    GalleryError
        There is no gallery, it is empty, or it is another model's.
    ConfigError
        `k` or `expand` is not accepted.

    Examples
    --------
    >>> [answer.hits[0].entry.label for answer in atalho.search("people.db", ["new.png"])]
    """
    for name, value, least in (("k", k, 1), ("expand", expand, 0)):
        if not isinstance(value, int) or value < least:
            raise ConfigError(
                Text(
                    "{name} = {value!r}: accepted are whole numbers from {least}.", name=name, value=value, least=least
                )
            )
    store = open_store(place(gallery))
    try:
        if not store.count():
            text = _("{gallery} is empty. Put images into it with: atalho index RUN IMAGES --gallery {gallery}")
            raise GalleryError(text.format(gallery=shown(gallery)))
        loaded = model_of(store, model, shown(gallery))
        threshold = threshold_file.read(loaded.folder)
    except BaseException:
        store.close()
        raise
    return _answers(store, loaded, threshold, iter(images), k, exact, expand)


def _answers(
    store: Store, model: Model, threshold: Threshold | None, images: Iterator[str], k: int, exact: bool, expand: int
) -> Iterator[Answer]:
    try:
        for batch in batched(images):
            pixels, errors = {}, {}
            for number, path in enumerate(batch):
                try:
                    pixels[number] = model.pixels(path)
                except DataError as error:
                    errors[number] = str(error)
            queries = embed(model, list(pixels.values())).numpy()
            hits = dict(zip(pixels, _nearest(store, queries, k, exact, expand), strict=True))
            for number, path in enumerate(batch):
                found = tuple(hits.get(number, ()))
                best = found[0].similarity if found else None
                unknown = None if threshold is None or best is None else best < threshold.similarity
                yield Answer(path, found, unknown, errors.get(number))
    finally:
        store.close()


def _nearest(store: Store, queries: Vectors, k: int, exact: bool, expand: int) -> list[list[Hit]]:
    if not len(queries):
        return []
    if not expand:
        return store.nearest(queries, k, exact=exact)
    first = store.nearest(queries, expand, exact=exact)
    kept = store.vectors([hit.entry.digest for hits in first for hit in hits])
    # What was taken out since it was found, by whoever, adds nothing.
    vectors = np.zeros((len(queries), expand, queries.shape[1]), np.float32)
    for query, hits in enumerate(first):
        for number, hit in enumerate(hits):
            vectors[query, number] = kept.get(hit.entry.digest, 0)
    asked = expand_queries(torch.from_numpy(queries), torch.from_numpy(vectors)).numpy()
    return store.nearest(asked, k, exact=exact)
