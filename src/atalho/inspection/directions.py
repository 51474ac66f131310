"""Directions in the space of the weights, normalised filter by filter (Li et al. 2018, section 4).

A network with norms computes the same when all weights of a filter are ten times as large, so a step of a given length
means nothing by itself. Each filter of a direction is therefore scaled to the length of the network's own filter:
steps are then shares of the weights, and surfaces of different networks can be laid beside each other.
"""

import numpy as np
import torch
from torch import Tensor, nn

from atalho.chance import bits

Direction = dict[str, Tensor]
"""A step for every parameter, by its name."""


@torch.no_grad()
def filter_normalised(network: nn.Module, *, seed: int, draw: int) -> Direction:
    """A random direction, each of its filters as long as the network's.

    A filter is what makes one output of a layer: a kernel of a convolution, a row of a linear layer. Vectors, which
    are the scales and shifts of norms and the shifts of linear layers, have no filters: the direction is zero there, as
    in the paper's experiments. The numbers depend on seed, draw, the layer's name and its shape alone, so that a
    plain network and its residual twin are taken the same way.
    """
    direction: Direction = {}
    for name, weights in network.named_parameters():
        if weights.ndim < 2:
            direction[name] = torch.zeros_like(weights)
            continue
        generator = torch.Generator().manual_seed(_seed(seed, draw, name))
        # Drawn on the CPU and copied, so that the numbers are the same on every device.
        steps = torch.randn(weights.shape, generator=generator, device="cpu").to(weights.device)
        direction[name] = steps * (_lengths(weights) / _lengths(steps))
    return direction


def _lengths(weights: Tensor) -> Tensor:
    """(O,1,…): the length of each of O filters."""
    return weights.flatten(1).norm(dim=1).view(-1, *[1] * (weights.ndim - 1))  # type: ignore[no-any-return]


def _seed(seed: int, draw: int, name: str) -> int:
    return int(bits(seed, f"direction {name}", 0, np.array([draw]), 1)[0, 0] >> np.uint64(1))
