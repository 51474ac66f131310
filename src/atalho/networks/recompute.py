"""A network that keeps little for the backward pass: the same function and gradients, less memory, more time.

It is a way of running a network, not a property of one: blocks and the names of weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.dense import DenseBlock
from atalho.blocks.transition import Transition
from atalho.networks.again import again, remade
from atalho.networks.dense_storage import dense
from atalho.networks.grouping import cost, group, shares
from atalho.networks.network import Network


class Recomputed(Network):
    """`network` itself, by the same modules under the same names, run for a training step.

    - A dense block writes its features into one tensor, which, with what each layer's first convolution gives, is all
      that is kept of it; concatenations, norms and ReLUs are made again.
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
                    x = dense(block, x)
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
