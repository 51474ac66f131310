"""The loss around a network's weights: at any point of the plane, or line, that directions span (Li et al. 2018)."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.inspection.directions import Direction
from atalho.inspection.norms import by_batch
from atalho.networks.network import Network
from atalho.precision import Precision

Norms = Literal["recomputed", "kept"]
"""What norms take as mean and variance away from the weights that were trained.

`recomputed`: those of the images, at each point. It is the default, because it is what a training that came to that
point would see: with moved weights, channels have other means and variances, and the norms exist to take them out.
`kept`: those that training left, which belong to other weights; the loss then rises for that reason too.
"""


@dataclass(frozen=True)
class Point:
    """The network at one point: its mean loss (None where it is no finite number) and its share of wrong images."""

    loss: float | None
    error: float


@contextmanager
def around(
    network: Network,
    directions: Sequence[Direction],
    batches: Sequence[tuple[Tensor, Tensor]],
    precision: Precision,
    *,
    norms: Norms = "recomputed",
) -> Iterator[Callable[..., Point]]:
    """While entered, gives a function from one step per direction to the `Point` there; then the weights are back.

    The loss is the cross entropy of `batches`, each images (N,C,H,W) with class indices (N,), which stay the same at
    all points; recomputed statistics are those of a batch. The network is in eval mode but for that.
    """
    origin = {name: weights.detach().clone() for name, weights in network.named_parameters()}
    was_training = network.training
    network.eval()

    @torch.no_grad()
    def at(*steps: float) -> Point:
        for name, weights in network.named_parameters():
            # From the origin every time: steps there and back would leave roundings behind.
            weights.copy_(origin[name])
            for step, direction in zip(steps, directions, strict=True):
                weights.add_(direction[name], alpha=step)
        with by_batch(network) if norms == "recomputed" else nullcontext():
            return _measured(network, batches, precision)

    try:
        yield at
    finally:
        with torch.no_grad():
            for name, weights in network.named_parameters():
                weights.copy_(origin[name])
        network.train(was_training)


def _measured(network: Network, batches: Sequence[tuple[Tensor, Tensor]], precision: Precision) -> Point:
    loss, wrong, count = 0.0, 0, 0
    for images, targets in batches:
        with precision.autocast():
            logits = network(images)
        logits = logits.float()
        loss += F.cross_entropy(logits, targets, reduction="sum").item()
        wrong += int((logits.argmax(1) != targets).sum())
        count += len(targets)
    mean = loss / count
    return Point(mean if math.isfinite(mean) else None, wrong / count)
