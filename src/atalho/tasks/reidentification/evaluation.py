"""What is measured on a network that re-identifies: its embeddings, ranked lists, and the errors of every threshold."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from atalho.data import open_set
from atalho.data.duplicates import figures_of
from atalho.data.layouts.identities import DISTRACTOR
from atalho.data.manifest import Ids, Manifest
from atalho.errors import DataError
from atalho.gallery.rerank import Rerank, expand_within, k_reciprocal
from atalho.json_values import JsonObject
from atalho.listener import Listener
from atalho.metrics import retrieval, verification
from atalho.metrics.retrieval import EmbeddedImages, PrecisionRule, Protocol
from atalho.metrics.retrieval_figures import RetrievalFigures, figures
from atalho.metrics.verification import ErrorRates, Threshold
from atalho.tasks.reidentification.picture import EmbeddingPicture, picture_of
from atalho.tasks.task import Evaluation, EvaluationOptions, EvaluationTarget, Headline
from atalho.text import Text, _
from atalho.text.numbers import number, whole, with_interval

LISTS: Final = 12
LIST_LENGTH: Final = 8


@dataclass(frozen=True)
class RankedImage:
    """An image that was found, whom it shows, and whether that is right."""

    path: str
    identity: str
    right: bool


@dataclass(frozen=True)
class RankedList:
    """A query with its nearest images; its `first` right answer has that rank."""

    path: str
    identity: str
    first: int
    answers: tuple[RankedImage, ...]


@dataclass(frozen=True, kw_only=True)
class RerankedFigures(RetrievalFigures, Rerank):
    """The figures after k-reciprocal re-ranking with these numbers."""


@dataclass(frozen=True)
class Expansion:
    """How many first answers are averaged into each query."""

    answers: int


@dataclass(frozen=True, kw_only=True)
class ExpandedFigures(RetrievalFigures, Expansion):
    """The figures after query expansion."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ReidentificationEvaluation(RetrievalFigures, Evaluation):
    """How well a network finds images of the same identity among `images`, and what else was asked for."""

    images: int
    protocol: Protocol
    average_precision: PrecisionRule
    lists: tuple[RankedList, ...]
    reranked: RerankedFigures | None = None
    expanded: ExpandedFigures | None = None
    at_threshold: Threshold | None = None
    picture: EmbeddingPicture | None = None

    def to_dict(self) -> JsonObject:
        return {"task": "reid", **super().to_dict()}

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("split"), self.split
        yield _("queries"), whole(self.valid_queries)
        for name, label in (("rank1", "rank-1"), ("rank5", "rank-5"), ("map", "mAP"), ("minp", "mINP")):
            yield label, with_interval(*self.figure(name))
        yield _("protocol"), self.protocol
        if self.precision is not None:
            yield _("precision"), self.precision
        if self.at_threshold is not None:
            yield _("threshold"), number(self.at_threshold.similarity, 3)

    @property
    def headline(self) -> Headline:
        valid = _("{valid} of {queries} queries have a right answer among {images} images").format(
            valid=whole(self.valid_queries), queries=whole(self.queries), images=whole(self.images)
        )
        name = _("rank-1: the nearest image is a right answer")
        return Headline(self.rank1, self.rank1_interval, name, (valid, *self.computed(), *self.not_new()))

    def pictures(self) -> list[str]:
        """Queries and what was found for them."""
        return [name for row in self.lists for name in (row.path, *(answer.path for answer in row.answers))]


def evaluate(
    target: EvaluationTarget, split: str, options: EvaluationOptions, listener: Listener
) -> ReidentificationEvaluation:
    """The evaluation of one split."""
    manifest, ids = target.dataset.manifest, target.dataset.manifest.splits[split]
    found = target.forward(ids, listener, ask=target.network.embedding)
    measured = of_embeddings(found, manifest, split, options)
    return dataclasses.replace(
        measured,
        trained_on=len(np.intersect1d(ids, target.seen)) or None,
        precision=target.precision.numbers,
        duplicates=figures_of(target.dataset.duplicates, ids),
        picture=picture_of(found, ids, manifest),
    )


def of_embeddings(
    found: Tensor, manifest: Manifest, split: str, options: EvaluationOptions
) -> ReidentificationEvaluation:
    """The evaluation of one split from the embeddings (N,E) of its images, in the order of their ids."""
    ids = manifest.splits[split]
    queries, gallery = sides(found, ids, manifest, split)
    protocol = protocol_for(options.protocol or "auto", manifest)
    measured = measure(queries, gallery, manifest, split=split, protocol=protocol, precision=options.average_precision)
    at = None
    if options.threshold is not None:
        errors = _rates(found, ids, manifest, protocol)
        at = verification.threshold_at(errors, options.threshold.similarity, options.threshold.wanted_far)
    return dataclasses.replace(
        measured,
        reranked=_reranked(queries, gallery, protocol, options),
        expanded=_expanded(queries, gallery, protocol, options),
        at_threshold=at,
    )


def rates(target: EvaluationTarget, split: str, protocol: str, listener: Listener) -> ErrorRates:
    """False accepts and rejects among the images of a split, of every threshold.

    Raises DataError where there are no pairs of one identity, or none of two.
    """
    manifest, ids = target.dataset.manifest, target.dataset.manifest.splits[split]
    found = target.forward(ids, listener, ask=target.network.embedding)
    return _rates(found, ids, manifest, protocol_for(protocol, manifest))


def _rates(embeddings: Tensor, ids: Ids, manifest: Manifest, protocol: Protocol) -> ErrorRates:
    """Of distractors it is not known whom they show: they make no pairs."""
    known = np.ones(len(ids), dtype=bool)
    if manifest.layout == "market" and DISTRACTOR in manifest.classes:
        known = manifest.labels[ids] != manifest.classes.index(DISTRACTOR)
    images = embedded(embeddings[known], ids[known], manifest)
    cameras = images.cameras if protocol == "cross-camera" else None
    return verification.error_rates(normalize(images.embeddings, dim=1), images.identities, cameras)


def _reranked(
    queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol, options: EvaluationOptions
) -> RerankedFigures | None:
    if options.rerank is None:
        return None
    distances = k_reciprocal(*_vectors(queries, gallery), options.rerank)
    rule = options.average_precision
    ranks = retrieval.rank(queries, gallery, protocol=protocol, precision=rule, distances=distances)
    return RerankedFigures(**vars(options.rerank), **vars(figures(ranks, queries.identities)))


def _expanded(
    queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol, options: EvaluationOptions
) -> ExpandedFigures | None:
    if not options.expand:
        return None
    asked = dataclasses.replace(queries, embeddings=expand_within(*_vectors(queries, gallery), options.expand))
    ranks = retrieval.rank(asked, gallery, protocol=protocol, precision=options.average_precision)
    return ExpandedFigures(answers=options.expand, **vars(figures(ranks, queries.identities)))


def _vectors(queries: EmbeddedImages, gallery: EmbeddedImages) -> tuple[Tensor, Tensor | None]:
    """Unit vectors (Q,E) and (G,E); where the queries are the gallery there is no second."""
    same = np.array_equal(queries.ids, gallery.ids)
    return normalize(queries.embeddings, dim=1), None if same else normalize(gallery.embeddings, dim=1)


def embedded(embeddings: Tensor, ids: Ids, manifest: Manifest) -> EmbeddedImages:
    """Embeddings (N,E) of the images `ids`, with whom they show and which camera saw them."""
    cameras = None if manifest.cameras is None else manifest.cameras[ids]
    return EmbeddedImages(embeddings, manifest.labels[ids], cameras, ids)


def measure(
    queries: EmbeddedImages,
    gallery: EmbeddedImages,
    manifest: Manifest,
    *,
    split: str,
    protocol: Protocol,
    precision: PrecisionRule = "hits",
) -> ReidentificationEvaluation:
    """Everything that is reported of queries against a gallery.

    Raises DataError where no query has a right answer.
    """
    ranks = retrieval.rank(queries, gallery, protocol=protocol, precision=precision)
    if not ranks.valid.any():
        advice = Text("Try --protocol leave-self-out.")
        if protocol == "leave-self-out":
            advice = Text("Each identity needs a second image: check that folders or names give identities as meant.")
        text = Text("No query has a right answer under the protocol {protocol}.", protocol=protocol)
        raise DataError(Text.joined(text, advice))
    shown = _worth_showing(ranks)
    lists = retrieval.nearest(_part(queries, shown), gallery, LIST_LENGTH, protocol=protocol)
    return ReidentificationEvaluation(
        split=split,
        **vars(figures(ranks, queries.identities)),
        images=len(gallery),
        protocol=protocol,
        average_precision=precision,
        lists=tuple(
            _list(manifest, int(queries.ids[query]), gallery.ids[places], int(ranks.first[query]))
            for query, places in zip(shown.tolist(), lists, strict=True)
        ),
    )


def protocol_for(asked: str, manifest: Manifest) -> Protocol:
    """The protocol by its name; auto compares across cameras where they are known.

    Raises DataError for cross-camera where they are not.
    """
    if asked == "leave-self-out":
        return "leave-self-out"
    if asked == "cross-camera" and manifest.cameras is None:
        raise DataError(
            "The protocol cross-camera needs cameras, and none are known. Use --protocol leave-self-out, or "
            "--data.camera to read the camera from file names."
        )
    return "cross-camera" if manifest.cameras is not None else "leave-self-out"


def sides(embeddings: Tensor, ids: Ids, manifest: Manifest, split: str) -> tuple[EmbeddedImages, EmbeddedImages]:
    """Queries and gallery of a split, from the embeddings (N,E) of all its images `ids` (ascending)."""
    queries, gallery = (
        embedded(embeddings[torch.from_numpy(np.searchsorted(ids, side))], side, manifest)
        for side in open_set.sides(manifest, split)
    )
    return queries, gallery


def _worth_showing(ranks: retrieval.AnswerRanks) -> Ids:
    """Queries for the page: the worst half, whose first right answer stands last, and then evenly over the rest."""
    valid = np.flatnonzero(ranks.valid)
    by_rank = valid[np.argsort(-ranks.first[valid], kind="stable")]
    worst, rest = by_rank[: LISTS // 2], by_rank[LISTS // 2 :]
    if not len(rest):
        return worst
    return np.concatenate([worst, rest[np.linspace(0, len(rest) - 1, min(LISTS - len(worst), len(rest))).astype(int)]])


def _part(images: EmbeddedImages, places: Ids) -> EmbeddedImages:
    cameras = None if images.cameras is None else images.cameras[places]
    return EmbeddedImages(images.embeddings[places], images.identities[places], cameras, images.ids[places])


def _list(manifest: Manifest, query: int, found: Ids, first: int) -> RankedList:
    own = manifest.labels[query]
    answers = tuple(
        RankedImage(manifest.names[i], manifest.classes[manifest.labels[i]], bool(manifest.labels[i] == own))
        for i in found.tolist()
    )
    return RankedList(manifest.names[query], manifest.classes[own], first, answers)
