"""A network that keeps little for the backward pass: the same function and gradients, less memory, more time.

It is a way of running a network, not a property of one: blocks and the names of weights stay as they are.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.dense import DenseBlock
from atalho.blocks.transition import Transition
from atalho.networks.checkpointing.dense import run_dense_block
from atalho.networks.checkpointing.recompute import recompute, recompute_norm_relu
from atalho.networks.checkpointing.segments import cost, relative_areas, segments
from atalho.networks.network import Network


class RecomputingNetwork(Network):
    """`network` itself, by the same modules under the same names, run for a training step.

    - A dense block writes its features into one tensor, which, with what each layer's first convolution gives, is all
      that is kept of it; concatenations, norms and ReLUs are computed again.
    - Residual blocks are repeated in segments of neighbours, so chosen that what is kept between segments and what is
      held while one is repeated balance: memory grows with the square root of the depth.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network.spec, network.stem, network.stages, network.closing, network.head)
        blocks = [block for _name, block in network.blocks()]
        costs = [cost(block, area) for block, area in zip(blocks, relative_areas(blocks), strict=True)]
        self._segments = [tuple(blocks[first:last]) for first, last in segments(costs)]

    def features(self, x: Tensor) -> Tensor:
        """Images (N,C,H,W) → the last features (N,D,H',W'), as `network` gives them."""
        if not torch.is_grad_enabled():
            return super().features(x)
        self._check(x)
        x = _recompute((self.stem,), x)
        for segment in self._segments:
            match segment:
                case (DenseBlock() as block,):
                    x = run_dense_block(block, x)
                case (Transition() as block,):
                    x = _run_transition(block, x)
                case _:
                    x = _recompute(segment, x)
        return self.closing(x)  # type: ignore[no-any-return]


def _recompute(segment: Sequence[nn.Module], x: Tensor) -> Tensor:
    def run(x: Tensor) -> Tensor:
        for block in segment:
            x = block(x)
        return x

    modules = tuple(module for block in segment for module in block.modules())
    return recompute(run, modules, tuple(p for block in segment for p in block.parameters()), x)


def _run_transition(block: Transition, x: Tensor) -> Tensor:
    return recompute_norm_relu(block.norm, x, lambda active: F.avg_pool2d(block.conv(active), kernel_size=2))
