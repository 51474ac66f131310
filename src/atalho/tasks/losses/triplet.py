"""Batch-hard triplet loss (Hermans et al. 2017, "In defense of the triplet loss", sections 2 and 3)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def triplet(features: Tensor, labels: Tensor, margin: float | None) -> Tensor:
    """Mean over the images (N,D) of max(0, margin + farthest of the same identity − nearest of another), a scalar.

    Euclidean distances. Without a margin it is soft: log(1 + exp(difference)), which never stops pulling. An image
    whose identity has no other image in the batch, or whose batch has no other identity, is not counted;
    where none is, the loss is 0.
    """
    distances = _distances(features.float())
    same = labels[:, None] == labels[None, :]
    farthest = distances.masked_fill(~same, -torch.inf).amax(1)
    nearest = distances.masked_fill(same, torch.inf).amin(1)
    counted = (same.sum(1) > 1) & ~same.all(1)
    difference = farthest - nearest
    hardness = F.softplus(difference) if margin is None else F.relu(difference + margin)
    # Not `hardness[counted].mean()`: how many are counted only the device knows, and to ask would wait for it.
    return hardness.where(counted, 0).sum() / counted.sum().clamp(min=1)


def _distances(features: Tensor) -> Tensor:
    """(N,D) → (N,N)."""
    squares = torch.linalg.vecdot(features, features)
    products = features @ features.T
    # The root has no slope at zero, where an image meets itself.
    distances: Tensor = (squares[:, None] + squares[None, :] - 2 * products).clamp(min=1e-12).sqrt()
    return distances
