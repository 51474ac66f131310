"""A network that keeps little for the backward pass: the same function and gradients, less memory, more time.

It is a way of running a network, not a property of one: blocks and the names of weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from atalho.blocks.block import Block
from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.blocks.transition import Transition
from atalho.networks.again import again, layout_of, remade
from atalho.networks.network import Network


class Recomputed(Network):
    """`network` itself, by the same modules under the same names, run for a training step.

    - A dense block writes its features into one tensor, which, with what each layer's first convolution gives, is all
      that is kept of it; norms and ReLUs are made again.
    - Residual blocks are repeated in groups of neighbours, so chosen that what is kept between groups and what is held
      while one is repeated balance: memory grows with the square root of the depth.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network.spec, network.stem, network.stages, network.closing, network.head)
        blocks = [block for _name, block in network.blocks()]
        groups = group([cost(block, share) for block, share in zip(blocks, shares(blocks), strict=True)])
        self._parts = [tuple(blocks[first:last]) for first, last in groups]

    def features(self, x: Tensor) -> Tensor:
        """Images (N,C,H,W) → the last features (N,D,H',W'), as `network` gives them."""
        if not torch.is_grad_enabled():
            return super().features(x)
        self.check(x)
        x = _repeated((self.stem,), x)
        for part in self._parts:
            match part:
                case (DenseBlock() as block,):
                    x = _dense(block, x)
                case (Transition() as block,):
                    x = _transition(block, x)
                case _:
                    x = _repeated(part, x)
        return self.closing(x)  # type: ignore[no-any-return]


def _repeated(part: Sequence[nn.Module], x: Tensor) -> Tensor:
    def run(x: Tensor) -> Tensor:
        for block in part:
            x = block(x)
        return x

    modules = tuple(module for block in part for module in block.modules())
    return again(run, modules, tuple(p for block in part for p in block.parameters()), x)


def _transition(block: Transition, x: Tensor) -> Tensor:
    return remade(block.norm, x, lambda active: F.avg_pool2d(block.conv(active), kernel_size=2))


def _dense(block: DenseBlock, x: Tensor) -> Tensor:
    """What `block(x)` gives, its concatenations all in one tensor."""
    storage = None
    for layer in block.layers:
        new = _layer(layer, x)  # type: ignore[arg-type]
        if storage is None:
            shape, dtype = (len(x), block.out_channels, *x.shape[2:]), torch.promote_types(x.dtype, new.dtype)
            storage = torch.empty(shape, dtype=dtype, device=x.device, memory_format=layout_of(x))
            storage[:, : x.shape[1]] = x.detach()
        x = _Beside.apply(x, new, storage)
    return x


def _layer(layer: DenseLayer, x: Tensor) -> Tensor:
    return remade(layer.norm2, remade(layer.norm1, x, layer.conv1), layer.conv2)


class _Beside(torch.autograd.Function):
    """Concatenation of channels where `features` lie in `storage` already: only the new ones are written."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, new: Tensor, storage: Tensor) -> Tensor:
        ctx.first, ctx.types = features.shape[1], (features.dtype, new.dtype)
        last = ctx.first + new.shape[1]
        storage[:, ctx.first : last] = new
        # Detached: later writes to other channels of the storage are not changes of these.
        return storage.detach()[:, :last]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        features, new = ctx.types
        return gradient[:, : ctx.first].to(features), gradient[:, ctx.first :].to(new), None


@dataclass(frozen=True)
class Cost:
    """Numbers per image, in units of the network's first feature map's area: what enters a block, and what it keeps."""

    entering: float
    inside: float
    alone: bool
    """Never grouped with its neighbours."""


def shares(blocks: Sequence[nn.Module]) -> list[float]:
    """The area of the features that enter each block as a share of the first one's."""
    found, share = [], 1.0
    for block in blocks:
        found.append(share)
        share /= int(block.stride) ** 2  # type: ignore[arg-type]
    return found


def cost(block: nn.Module, area: float) -> Cost:
    """A convolution keeps what enters it, and the norm behind it what leaves it."""
    inside = 0.0
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            inside += (layer.in_channels + layer.out_channels) * area
        elif isinstance(layer, nn.Linear):
            inside += (layer.in_features + layer.out_features) * area
    return Cost(int(block.in_channels) * area, inside, not isinstance(block, Block))  # type: ignore[arg-type]


def group(costs: Sequence[Cost]) -> list[tuple[int, int]]:
    """Consecutive blocks as groups (first, behind the last) with the least held at any moment of the backward pass."""
    low, high = 0.0, 2 * sum(cost.entering + cost.inside for cost in costs) + 1
    for _halving in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if within(costs, middle) else (middle, high)
    return within(costs, high) or []


def within(costs: Sequence[Cost], limit: float) -> list[tuple[int, int]] | None:
    """Groups as large as `limit` allows, from the first on; None where a single block exceeds it.

    While a group is repeated, what entered it and those before it is held besides what it keeps itself.
    """
    groups: list[tuple[int, int]] = []
    kept = inside = 0.0
    for place, cost in enumerate(costs):
        alone = cost.alone or (place > 0 and costs[place - 1].alone)
        if not groups or alone or kept + inside + cost.inside > limit:
            kept += cost.entering
            inside = 0.0
            groups.append((place, place))
            if kept + cost.inside > limit and not cost.alone:
                return None
        inside += cost.inside
        groups[-1] = (groups[-1][0], place + 1)
    return groups
