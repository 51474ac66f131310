"""Image re-identification: who is this, among those that other cameras saw? The loss, embeddings, what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.blocks.embedding_head import EmbeddingHead
from atalho.data import open_set, order
from atalho.data.images import Images
from atalho.data.manifest import Ids, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.errors import DataError
from atalho.metrics import retrieval
from atalho.metrics.retrieval import EmbeddedImages, PrecisionRule, Protocol
from atalho.metrics.retrieval_figures import figures
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.tasks.forward import forward
from atalho.tasks.losses.centre import CentreLoss
from atalho.tasks.losses.triplet import triplet
from atalho.tasks.task import Outputs, Task
from atalho.text import Text

LISTS: Final = 12
LIST_LENGTH: Final = 8


@dataclass(frozen=True)
class Losses:
    """The parts of the loss and their weights; `margin` None is the soft triplet, `triplet` False has none."""

    smoothing: float
    triplet: bool
    margin: float | None
    centre: CentreLoss | None
    centre_weight: float
    further: Callable[[Tensor, Tensor], Tensor] | None


@dataclass(frozen=True)
class Reidentification(Task):
    """Cross entropy over the training identities on the neck's output, and metric losses on what comes before it.

    `train` are ids of `images`, each of `identities` people in a batch gives `each` images (Luo et al. 2019).
    """

    train: Ids
    identities: int
    each: int
    seed: int
    losses: Losses
    manifest: Manifest
    pixels: Images
    protocol: Protocol
    prepared: Preprocessing
    precision: Precision

    @property
    def steps_per_epoch(self) -> int:
        return order.identity_steps(self.train, self.labels.numpy(), self.identities)

    def batches(self, epoch: int) -> Sequence[Ids]:
        return order.identity_batches(self.seed, epoch, self.train, self.labels.numpy(), self.identities, self.each)

    def outputs(self, network: Network, images: Tensor) -> Outputs:
        head = network.head
        if not isinstance(head, EmbeddingHead):
            raise TypeError("re-identification trains a network with an embedding")
        before = head.before_neck(network.features(images))
        return Outputs(head.scores(before), before)

    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        parts, features = self.losses, outputs.features
        total = F.cross_entropy(outputs.logits.float(), targets, label_smoothing=parts.smoothing)
        if features is None:
            return total
        features = features.float()
        if parts.triplet:
            total = total + triplet(features, targets, parts.margin)
        if parts.further is not None:
            total = total + parts.further(features, targets)
        if parts.centre is not None:
            total = total + parts.centre_weight * parts.centre(features, targets)
        return total

    def validate(self, network: Network) -> dict[str, float | None]:
        if not len(self.val):
            return {"val_rank1": None, "val_map": None}
        found = embed(network, self.pixels, self.val, self.prepared, self.precision)
        images = embedded(found, self.val, self.manifest)
        ranks = retrieval.rank(images, images, protocol=self.protocol)
        if not ranks.valid.any():
            return {"val_rank1": None, "val_map": None}
        first = ranks.first[ranks.valid] == 1
        return {"val_rank1": float(first.mean()), "val_map": float(np.nanmean(ranks.average_precision))}

    def tensors(self) -> Mapping[str, Tensor]:
        return {} if self.losses.centre is None else {"centres": self.losses.centre.centres}


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
