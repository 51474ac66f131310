"""What the training loop asks of a task: which images come when, what is minimised, and how good a network is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from atalho.data.augment import Augment
from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.networks.network import Network


@dataclass(frozen=True)
class Outputs:
    """What a network gives in training: logits (N,K) and, where the loss compares images, `features` (N,D)."""

    logits: Tensor
    features: Tensor | None = None


@dataclass(frozen=True)
class Task(ABC):
    """A task on one set of images. `labels` (N,) belong to the ids of `images`; K `classes` are told apart.

    `val` are the ids that `validate` measures on. Nothing here changes during training but what `tensors` returns.
    """

    images: Images
    labels: Tensor
    classes: int
    augment: Augment
    val: Ids

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Ids]:
        """The batches of an epoch, a pure function of the seed and the epoch."""

    @abstractmethod
    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """The scalar that a step makes smaller."""

    def part(self, targets: Tensor, ids: Ids, batch: Ids) -> float:
        """What the loss of the part `ids` of `batch`, with its `targets`, counts in the loss of the whole batch."""
        return len(ids) / len(batch)

    @abstractmethod
    def validate(self, network: Network) -> dict[str, float | None]:
        """What is measured after an epoch, by the names of the metrics log."""

    def vary(self, pixels: Tensor, ids: Ids, epoch: int) -> tuple[Tensor, Tensor]:
        """Pixels (N,C,P,P) uint8 of a batch → images (N,C,S,S) and targets, varied by (seed, epoch, id)."""
        return self.augment(pixels, ids, epoch, self.labels[ids], self.classes)

    def outputs(self, network: Network, images: Tensor) -> Outputs:
        """What the loss needs of the network for images (N,C,S,S)."""
        return Outputs(network(images))

    def tensors(self) -> Mapping[str, Tensor]:
        """What the task itself learns, changed in place; a checkpoint holds it."""
        return {}
