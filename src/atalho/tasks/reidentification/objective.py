"""What training minimises in re-identification: who is this, among those that other cameras saw?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from atalho.blocks.embedding_head import EmbeddingHead
from atalho.data import order
from atalho.data.images import Images
from atalho.data.manifest import Ids, Manifest
from atalho.metrics import retrieval
from atalho.metrics.retrieval import Protocol
from atalho.networks.network import Network
from atalho.tasks.forward import forward
from atalho.tasks.losses.centre import CentreLoss
from atalho.tasks.losses.triplet import triplet
from atalho.tasks.reidentification.evaluation import embedded
from atalho.tasks.task import Objective, Outputs


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
class Reidentification(Objective):
    """Cross entropy over the training identities on the neck's output, and metric losses on what comes before it.

    Each of `identities` people in a batch gives `each` images (Luo et al. 2019).
    """

    identities: int
    each: int
    losses: Losses
    manifest: Manifest
    pixels: Images
    protocol: Protocol
    recordable = False  # which images a loss compares depends on the batch

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
        found = forward(network, self.pixels, self.val, self.prepared, self.precision, ask=network.embedding)
        images = embedded(found, self.val, self.manifest)
        ranks = retrieval.rank(images, images, protocol=self.protocol)
        if not ranks.valid.any():
            return {"val_rank1": None, "val_map": None}
        first = ranks.first[ranks.valid] == 1
        return {"val_rank1": float(first.mean()), "val_map": float(np.nanmean(ranks.average_precision))}

    def tensors(self) -> Mapping[str, Tensor]:
        return {} if self.losses.centre is None else {"centres": self.losses.centre.centres}
