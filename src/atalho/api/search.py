"""Search: which images of a gallery show the same as these, and whether any does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from atalho.api.index import embed, model_of
from atalho.data.order import PathLike, batched, paths
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.gallery.rerank import expand_queries
from atalho.gallery.store import Hit, Store, Vectors, open_store, place, shown
from atalho.metrics.verification import Threshold
from atalho.model import Model
from atalho.storage import threshold_file
from atalho.text import Text, _


@dataclass(frozen=True)
class Answer:
    """What was found for one image, best first.

    `unknown`: the image's nearest is below the model's threshold; None without one. Answers that were averaged into the
    query do not change that. `error` says why a file could not be read; it then has no hits.
    """

    path: str
    hits: tuple[Hit, ...]
    unknown: bool | None
    error: str | None = None


def search(
    gallery: PathLike,
    images: PathLike | Iterable[PathLike],
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
        The path of an image, or several.
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
    named, name = paths(images), shown(os.fspath(gallery))
    store = open_store(place(gallery))
    try:
        if not store.count():
            text = _("{gallery} is empty. Put images into it with: atalho index RUN IMAGES --gallery {gallery}")
            raise GalleryError(text.format(gallery=name))
        loaded = model_of(store, model, name)
        threshold = threshold_file.read(loaded.folder)
    except BaseException:
        store.close()
        raise
    return _answers(store, loaded, threshold, named, k, exact, expand)


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
            found = store.nearest(queries, max(k, expand), exact=exact) if pixels else []
            # The threshold was chosen on single images: one that was averaged with its answers is nearer to them.
            best = {number: hits[0].similarity for number, hits in zip(pixels, found, strict=True) if hits}
            if expand and pixels:
                asked = _expanded(store, queries, [hits[:expand] for hits in found])
                found = store.nearest(asked, k, exact=exact)
            answers = dict(zip(pixels, found, strict=True))
            for number, path in enumerate(batch):
                unknown = None if threshold is None or number not in best else best[number] < threshold.similarity
                yield Answer(path, tuple(answers.get(number, ())[:k]), unknown, errors.get(number))
    finally:
        store.close()


def _expanded(store: Store, queries: Vectors, answers: Sequence[Sequence[Hit]]) -> Vectors:
    """Unit queries (Q,D) averaged with the images of their `answers`."""
    kept = store.vectors([hit.entry.digest for hits in answers for hit in hits])
    # What was taken out since it was found, by whoever, adds nothing.
    vectors = np.zeros((len(queries), max(map(len, answers)), queries.shape[1]), np.float32)
    for query, hits in enumerate(answers):
        for number, hit in enumerate(hits):
            vectors[query, number] = kept.get(hit.entry.digest, 0)
    return expand_queries(torch.from_numpy(queries), torch.from_numpy(vectors)).numpy()
