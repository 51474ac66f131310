"""What a network that re-identifies is measured on, its threshold, and the pictures of ranked lists."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.functional import normalize

from atalho.data import open_set
from atalho.data.layouts.identities import DISTRACTOR
from atalho.data.manifest import Ids, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.data.rotated import TURNS
from atalho.gallery.expansion import expanded_in
from atalho.gallery.rerank import Rerank, k_reciprocal
from atalho.metrics import retrieval, verification
from atalho.metrics.retrieval import EmbeddedImages, PrecisionRule, Protocol
from atalho.metrics.retrieval_figures import figures
from atalho.metrics.verification import ErrorRates, Threshold
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.runs.dataset import Dataset
from atalho.storage import threshold_file
from atalho.tasks import reidentification
from atalho.text import _
from atalho.training.progress import Progress

HEADLINE = ("split", "queries", "valid_queries", "rank1", "rank1_interval", "map", "map_interval", "minp", "protocol")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A network and the images that it is measured on, with what turns these into its input."""

    network: Network
    pixels: Dataset
    prepared: Preprocessing
    precision: Precision


@dataclasses.dataclass(frozen=True)
class RetrievalOptions:
    """How it is measured: the protocol by its name (None: auto), AP, and the threshold whose errors are told.

    Beside the plain ranking, that of `rerank` and that after `expand` first answers are measured where wanted.
    """

    protocol: str | None = None
    average_precision: PrecisionRule = "hits"
    rerank: Rerank | None = None
    expand: int = 0
    threshold: Threshold | None = None


def evaluate(subject: Subject, split: str, options: RetrievalOptions, progress: Progress) -> dict[str, Any]:
    """The evaluation of one split, JSON-safe, as `evaluation.json` holds it."""
    manifest, ids = subject.pixels.manifest, subject.pixels.manifest.splits[split]
    found = _embed(subject, ids, progress)
    queries, gallery = reidentification.sides(found, ids, manifest, split)
    protocol = reidentification.protocol_for(options.protocol or "auto", manifest)
    plain = reidentification.measure(queries, gallery, manifest, protocol=protocol, precision=options.average_precision)
    measured = {"task": "reid", "split": split} | plain | _improved(queries, gallery, protocol, options)
    if options.threshold is not None:
        errors = _rates(found, ids, manifest, protocol)
        at = verification.threshold_at(errors, options.threshold.similarity, options.threshold.wanted_far)
        measured["at_threshold"] = threshold_file.plain(at)
    return measured


def rates(subject: Subject, split: str, protocol: str, progress: Progress) -> ErrorRates:
    """False accepts and rejects among the images of a split, of every threshold.

    Raises DataError where there are no pairs of one identity, or none of two.
    """
    manifest, ids = subject.pixels.manifest, subject.pixels.manifest.splits[split]
    found = _embed(subject, ids, progress)
    return _rates(found, ids, manifest, reidentification.protocol_for(protocol, manifest))


def identities(manifest: Manifest, *, rotations: bool) -> tuple[str, ...]:
    """The names of what a classifier tells apart in training: identities, and those that turning makes of them."""
    names = manifest.classes[: open_set.training_identities(manifest)]
    turns = range(1, TURNS if rotations else 1)
    return (*names, *(f"{name}@{90 * turn}" for turn in turns for name in names))


def shown(evaluation: dict[str, Any]) -> list[str]:
    """The names of the images on the page: queries and what was found for them."""
    lists = evaluation.get("lists", [])
    return [name for row in lists for name in (row["path"], *(answer["path"] for answer in row["answers"]))]


def _embed(subject: Subject, ids: Ids, progress: Progress) -> Tensor:
    label = _("evaluating")
    return reidentification.embed(
        subject.network,
        subject.pixels.images,
        ids,
        subject.prepared,
        subject.precision,
        lambda done, total: progress.work(label, done, total),
    )


def _rates(embeddings: Tensor, ids: Ids, manifest: Manifest, protocol: Protocol) -> ErrorRates:
    """Of distractors it is not known whom they show: they make no pairs."""
    known = np.ones(len(ids), dtype=bool)
    if manifest.layout == "market" and DISTRACTOR in manifest.classes:
        known = manifest.labels[ids] != manifest.classes.index(DISTRACTOR)
    images = reidentification.embedded(embeddings[known], ids[known], manifest)
    cameras = images.cameras if protocol == "cross-camera" else None
    return verification.error_rates(normalize(images.embeddings, dim=1), images.identities, cameras)


def _improved(
    queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol, options: RetrievalOptions
) -> dict[str, Any]:
    """The figures after re-ranking and after query expansion, where they are wanted."""
    first = normalize(queries.embeddings, dim=1)
    second = None if np.array_equal(queries.ids, gallery.ids) else normalize(gallery.embeddings, dim=1)
    rank = partial(retrieval.rank, protocol=protocol, precision=options.average_precision)
    found = {}
    if options.rerank is not None:
        numbers = dataclasses.asdict(options.rerank)
        ranks = rank(queries, gallery, distances=k_reciprocal(first, second, **numbers))
        found["reranked"] = numbers | figures(ranks, queries.identities)
    if options.expand:
        ranks = rank(dataclasses.replace(queries, embeddings=expanded_in(first, second, options.expand)), gallery)
        found["expanded"] = {"answers": options.expand} | figures(ranks, queries.identities)
    return found
