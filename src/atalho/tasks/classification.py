"""Image classification: the loss, the logits of many images, and what is measured on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from atalho.data import order
from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.data.preprocessing import Preprocessing
from atalho.metrics import calibration, classification
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.tasks.forward import forward
from atalho.tasks.task import Outputs, Task


@dataclass(frozen=True)
class Classification(Task):
    """Cross entropy over the classes of the images `train`."""

    train: Ids
    batch_size: int
    seed: int
    smoothing: float
    weights: Tensor | None
    """(K,) in main memory: what an image of each class counts."""
    prepared: Preprocessing
    precision: Precision

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.train) // self.batch_size)

    def batches(self, epoch: int) -> Sequence[Ids]:
        return order.epoch_batches(self.seed, epoch, self.train, self.batch_size)

    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        weights = None if self.weights is None else self.weights.to(targets.device, non_blocking=True)
        return loss(outputs.logits, targets, smoothing=self.smoothing, weights=weights)

    def part(self, targets: Tensor, ids: Ids, batch: Ids) -> float:
        # By the labels in main memory: to look at the targets would be to wait for the device.
        return part(self.labels[ids] if targets.ndim == 1 else targets, self.labels[batch], self.weights)

    def validate(self, network: Network) -> dict[str, float | None]:
        if not len(self.val):
            return {"val_loss": None, "val_top1": None}
        found, labels = logits(network, self.images, self.val, self.prepared, self.precision), self.labels[self.val]
        right = int((found.argmax(1) == labels).sum())
        # The objective that is minimised, so that both curves of the report can be compared.
        return {"val_loss": self.loss(Outputs(found), labels).item(), "val_top1": right / len(labels)}


def loss(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of logits (N,K) with class indices (N,) or shares (N,K), as a scalar in fp32."""
    return F.cross_entropy(logits.float(), targets, weight=weights, label_smoothing=smoothing)


def part(targets: Tensor, whole: Tensor, weights: Tensor | None = None) -> float:
    """What the `loss` of a part of a batch, with `targets` (N,) or (N,K), counts in that of the batch (B labels).

    The losses of all parts, each times this, sum to the loss of the batch; that holds for gradients too. By the number
    of images, or by the classes' weights where the loss divides by their sum.
    """
    if weights is None or targets.ndim == 2:
        return len(targets) / len(whole)
    return float(weights[targets].sum() / weights[whole].sum())


def balanced_weights(counts: NDArray[np.int64]) -> Tensor:
    """A weight per class (K,) inverse to how often it occurs, with mean 1 over the images; 0 for an absent class."""
    present = counts > 0
    weights = np.where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights).float()


def logits(
    network: nn.Module,
    pixels: Images,
    ids: Ids,
    preprocessing: Preprocessing,
    precision: Precision,
    on_progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """The logits (N,K), fp32 on the CPU, of the samples `ids` by `network` in eval mode."""
    return forward(network, network, pixels, ids, preprocessing, precision, on_progress)


def measure(logits: Tensor, labels: Tensor, classes: tuple[str, ...], temperature: float) -> dict[str, Any]:
    """Everything that is reported of logits (N,K) against labels (N,): accuracy, intervals, classes, calibration."""
    return classification.evaluate(logits, labels, classes, temperature=temperature) | {
        "calibration": {
            "before": calibration.calibration(logits, labels),
            "after": calibration.calibration(logits, labels, temperature),
            "temperature": temperature,
        }
    }
