"""Search: which images of a gallery show the same as these, and whether any does."""

import hashlib
import math
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from atalho.api.index import embed, model_of
from atalho.api.search_page import written_after
from atalho.data.decoding.reading import read_bytes
from atalho.data.order import PathLike, batched, paths, several
from atalho.errors import ConfigError, DataError, GalleryError
from atalho.findings import Finding
from atalho.gallery.rerank import expand_queries
from atalho.gallery.store import EntryFilter, Hit, Store, Vectors, open_store, place, shown
from atalho.json_values import JsonObject
from atalho.metrics.verification import Threshold
from atalho.model import Model
from atalho.precision import Numbers
from atalho.storage import threshold_file
from atalho.storage.output import refuse_other
from atalho.text import _
from atalho.text.numbers import number


@dataclass(frozen=True, repr=False)
class Answer(Finding):
    """What was found for one image, best first.

    `unknown`: the image's nearest is below the model's threshold; None without one. Answers that were averaged into the
    query do not change that. `error` says why a file could not be read; it then has no hits.
    """

    path: str
    hits: tuple[Hit, ...]
    unknown: bool | None
    error: str | None = None

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("image"), self.path
        if self.error is not None:
            yield _("error"), self.error
        if self.unknown:
            yield _("unknown"), _("nothing in the gallery is similar enough")
        for hit in self.hits:
            yield hit.entry.label or hit.entry.path, number(hit.similarity, 3)

    def to_dict(self) -> JsonObject:
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        entries = [{name: getattr(hit.entry, name) for name in ("path", "label", "camera")} for hit in self.hits]
        hits = [entry | {"similarity": hit.similarity} for entry, hit in zip(entries, self.hits, strict=True)]
        return {"path": self.path, "unknown": self.unknown, "hits": hits}


def search(
    gallery: PathLike,
    images: PathLike | Iterable[PathLike],
    *,
    k: int = 10,
    model: Path | str | None = None,
    precision: Numbers = "fp32",
    exact: bool = False,
    expand: int = 0,
    labels: str | Iterable[str] = (),
    cameras: str | Iterable[str] = (),
    leave_self_out: bool = False,
    together: bool = False,
    report: Path | str | None = None,
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
    precision
        What the network computes in, "fp32" or "bf16".
    exact
        Compare with every image, instead of asking the index of a large gallery.
    expand
        How many first answers are averaged into the query before it is asked again (Chum et al. 2007).

    labels, cameras
        Search only images with this label or one of these, and with this camera or one of these.
    leave_self_out
        Images that are in the gallery, by content, are left out of their own answers.
    together
        All images show the same: they get one answer, in the order of the mean similarity to them.
    report
        A file for a page with pictures, in both languages, which is written after the last answer.

    Yields
    ------
    Answer
        One per image, in order and as they come, or one for all `together`; a file that cannot be read has its reason
        there.

    Raises
    ------
    GalleryError
        There is no gallery, it or the part that is searched is empty, or it is another model's.
    ConfigError
        `k` or `expand` is not accepted.
    RunError
        The page cannot be written.

    Examples
    --------
    >>> [answer.hits[0].entry.label for answer in atalho.search("people.db", ["new.png"])]
    """
    for name, value, least in (("k", k, 1), ("expand", expand, 0)):
        if not isinstance(value, int) or value < least:
            raise ConfigError(
                "{name} = {value!r}: expected a whole number of at least {least}.", name=name, value=value, least=least
            )
    if report is not None:
        refuse_other(Path(report), "HTML")
    named, name = paths(images), shown(os.fspath(gallery))
    store = open_store(place(gallery))
    try:
        if not store.count():
            text = _("{gallery} is empty. Add images with: atalho index RUN IMAGES --gallery {gallery}")
            raise GalleryError(text.format(gallery=name))
        loaded = model_of(store, model, name, precision)
        threshold = threshold_file.read(loaded.folder)
    except BaseException:
        store.close()
        raise
    question = _Question(k, exact, expand, EntryFilter(tuple(several(labels)), tuple(several(cameras))), leave_self_out)
    answers = _answers(store, loaded, threshold, named, question, name, together=together)
    return answers if report is None else written_after(answers, loaded, name, Path(report))


@dataclass(frozen=True)
class _Question:
    """How a gallery is searched."""

    k: int
    exact: bool
    expand: int
    among: EntryFilter
    leave_self_out: bool

    def hits(self, store: Store, queries: Vectors, own: Sequence[Collection[str]]) -> Iterator[tuple[float, list[Hit]]]:
        """For each query (Q,D) the similarity of its nearest, and its hits; `own` are the digests of its images.

        The threshold was chosen on single images, so the nearest is that before any answers are averaged into a query.
        """
        more = max(map(len, own)) if self.leave_self_out else 0
        first = self._nearest(store, queries, max(self.k, self.expand) + more, own)
        found = first
        if self.expand:
            asked = _expanded(store, queries, [hits[: self.expand] for hits in first])
            found = self._nearest(store, asked, self.k + more, own)
        for nearest, hits in zip(first, found, strict=True):
            yield nearest[0].similarity if nearest else -math.inf, hits[: self.k]

    def _nearest(self, store: Store, queries: Vectors, k: int, own: Sequence[Collection[str]]) -> list[list[Hit]]:
        found = store.nearest(queries, k, exact=self.exact, among=self.among)
        if not self.leave_self_out:
            return found
        return [[h for h in hits if h.entry.digest not in mine] for hits, mine in zip(found, own, strict=True)]


def _answers(
    store: Store,
    model: Model,
    threshold: Threshold | None,
    images: Iterator[str],
    question: _Question,
    name: str,
    *,
    together: bool,
) -> Iterator[Answer]:
    most = model.card.preprocessing.max_pixels
    try:
        for batch in [list(images)] if together else batched(images):
            pixels, errors, digests = {}, {}, {}
            for number, path in enumerate(batch):
                try:
                    pixels[number] = model.pixels(path)
                    if question.leave_self_out:
                        digests[number] = hashlib.sha256(read_bytes(path, max_pixels=most)).hexdigest()
                except DataError as error:
                    errors[number] = str(error)
            queries = embed(model, list(pixels.values())).numpy()
            own: list[Collection[str]] = [{digests.get(number, "")} for number in pixels]
            if together and pixels:
                queries, own = queries.mean(0, keepdims=True), [set(digests.values())]
            answers = list(question.hits(store, queries, own)) if pixels else []
            if question.among and answers and not any(hits for _best, hits in answers):
                raise GalleryError(
                    "{gallery} has no other image with these labels and cameras: {names}. See: atalho gallery list",
                    gallery=name,
                    names=", ".join([*question.among.labels, *question.among.cameras]),
                )
            paths = [", ".join(batch[number] for number in pixels)] if together else [batch[n] for n in pixels]
            found = {}
            for place, path, (best, hits) in zip(pixels, paths, answers, strict=False):
                unknown = None if threshold is None or not hits else best < threshold.similarity
                found[place] = Answer(path, tuple(hits), unknown)
            for number, path in enumerate(batch):
                if number in errors:
                    yield Answer(path, (), None, errors[number])
                elif number in found:
                    yield found[number]
    finally:
        store.close()


def _expanded(store: Store, queries: Vectors, answers: Sequence[Sequence[Hit]]) -> Vectors:
    """Unit queries (Q,D) averaged with the images of their `answers`."""
    kept = store.vectors([hit.entry.digest for hits in answers for hit in hits])
    # What was taken out since it was found, by whoever, adds nothing.
    vectors = np.zeros((len(queries), max(map(len, answers)), queries.shape[1]), np.float32)
    for query, hits in enumerate(answers):
        for row, hit in enumerate(hits):
            vectors[query, row] = kept.get(hit.entry.digest, 0)
    return expand_queries(torch.from_numpy(queries), torch.from_numpy(vectors)).numpy()
