"""What is measured on a network that re-identifies: its embeddings, ranked lists, and the errors of every threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from atalho.data import open_set
from atalho.data.images import Images
from atalho.data.layouts.identities import DISTRACTOR
from atalho.data.manifest import Ids, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.errors import DataError
from atalho.gallery.rerank import expand_within, k_reciprocal
from atalho.metrics import retrieval, verification
from atalho.metrics.retrieval import EmbeddedImages, PrecisionRule, Protocol
from atalho.metrics.retrieval_figures import figures
from atalho.metrics.verification import ErrorRates
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.storage import threshold_file
from atalho.tasks.forward import forward
from atalho.tasks.task import EvaluationOptions, EvaluationTarget, Listener
from atalho.text import Text, _

LISTS: Final = 12
LIST_LENGTH: Final = 8


def evaluate(target: EvaluationTarget, split: str, options: EvaluationOptions, listener: Listener) -> dict[str, Any]:
    """The evaluation of one split, JSON-safe, as `evaluation.json` holds it."""
    manifest, ids = target.dataset.manifest, target.dataset.manifest.splits[split]
    found = _embed(target, ids, listener)
    queries, gallery = sides(found, ids, manifest, split)
    protocol = protocol_for(options.protocol or "auto", manifest)
    plain = measure(queries, gallery, manifest, protocol=protocol, precision=options.average_precision)
    measured = {"task": "reid", "split": split} | plain | _improved(queries, gallery, protocol, options)
    if options.threshold is not None:
        errors = _rates(found, ids, manifest, protocol)
        at = verification.threshold_at(errors, options.threshold.similarity, options.threshold.wanted_far)
        measured["at_threshold"] = threshold_file.plain(at)
    return measured


def rates(target: EvaluationTarget, split: str, protocol: str, listener: Listener) -> ErrorRates:
    """False accepts and rejects among the images of a split, of every threshold.

    Raises DataError where there are no pairs of one identity, or none of two.
    """
    manifest, ids = target.dataset.manifest, target.dataset.manifest.splits[split]
    found = _embed(target, ids, listener)
    return _rates(found, ids, manifest, protocol_for(protocol, manifest))


def _embed(target: EvaluationTarget, ids: Ids, listener: Listener) -> Tensor:
    label = _("evaluating")
    return embed(
        target.network,
        target.dataset.images,
        ids,
        target.preprocessing,
        target.precision,
        lambda done, total: listener.work(label, done, total),
    )


def _rates(embeddings: Tensor, ids: Ids, manifest: Manifest, protocol: Protocol) -> ErrorRates:
    """Of distractors it is not known whom they show: they make no pairs."""
    known = np.ones(len(ids), dtype=bool)
    if manifest.layout == "market" and DISTRACTOR in manifest.classes:
        known = manifest.labels[ids] != manifest.classes.index(DISTRACTOR)
    images = embedded(embeddings[known], ids[known], manifest)
    cameras = images.cameras if protocol == "cross-camera" else None
    return verification.error_rates(normalize(images.embeddings, dim=1), images.identities, cameras)


def _improved(
    queries: EmbeddedImages, gallery: EmbeddedImages, protocol: Protocol, options: EvaluationOptions
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
        ranks = rank(dataclasses.replace(queries, embeddings=expand_within(first, second, options.expand)), gallery)
        found["expanded"] = {"answers": options.expand} | figures(ranks, queries.identities)
    return found


def embed(
    network: Network,
    pixels: Images,
    ids: Ids,
    preprocessing: Preprocessing,
    precision: Precision,
    on_progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """The embeddings (N,E), fp32 on the CPU, of the samples `ids` by `network` in eval mode."""
    return forward(network, network.embedding, pixels, ids, preprocessing, precision, on_progress)


def embedded(embeddings: Tensor, ids: Ids, manifest: Manifest) -> EmbeddedImages:
    """Embeddings (N,E) of the images `ids`, with whom they show and which camera saw them."""
    cameras = None if manifest.cameras is None else manifest.cameras[ids]
    return EmbeddedImages(embeddings, manifest.labels[ids], cameras, ids)


def measure(
    queries: EmbeddedImages,
    gallery: EmbeddedImages,
    manifest: Manifest,
    *,
    protocol: Protocol,
    precision: PrecisionRule = "hits",
) -> dict[str, Any]:
    """Everything that is reported of queries against a gallery, JSON-safe, with ranked lists as names of images.

    Raises DataError where no query has a right answer.
    """
    ranks = retrieval.rank(queries, gallery, protocol=protocol, precision=precision)
    if not ranks.valid.any():
        raise DataError(
            Text(
                "No query has a right answer under the protocol {protocol}. Try --protocol leave-self-out.",
                protocol=protocol,
            )
        )
    found = figures(ranks, queries.identities)
    shown = _worth_showing(ranks)
    lists = retrieval.nearest(_part(queries, shown), gallery, LIST_LENGTH, protocol=protocol)
    rows = [
        _list(manifest, int(queries.ids[query]), gallery.ids[places], int(ranks.first[query]))
        for query, places in zip(shown.tolist(), lists, strict=True)
    ]
    return found | {"images": len(gallery), "protocol": protocol, "average_precision": precision, "lists": rows}


def protocol_for(asked: str, manifest: Manifest) -> Protocol:
    """The protocol by its name; auto compares across cameras where they are known.

    Raises DataError for cross-camera where they are not.
    """
    if asked == "leave-self-out":
        return "leave-self-out"
    if asked == "cross-camera" and manifest.cameras is None:
        raise DataError(
            Text("The protocol cross-camera needs cameras, and none are known. Use --protocol leave-self-out, or say "
                 "how names tell the camera with --data.camera.")
        )  # fmt: skip
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


def _list(manifest: Manifest, query: int, found: Ids, first: int) -> dict[str, Any]:
    own = manifest.labels[query]
    answers = [
        {
            "path": manifest.names[i],
            "identity": manifest.classes[manifest.labels[i]],
            "right": bool(manifest.labels[i] == own),
        }
        for i in found.tolist()
    ]
    return {"path": manifest.names[query], "identity": manifest.classes[own], "first": first, "answers": answers}
