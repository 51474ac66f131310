"""How strong the gradient of the loss is at every block: what a highway for gradients would show."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.block import Block
from atalho.inspection.norms import by_batch
from atalho.networks.network import Network


@dataclass(frozen=True)
class BlockGradient:
    """The gradient at one block."""

    name: str
    entering: float
    """Root mean square over the images of ‖∂loss/∂x‖: the loss of an image by what of it enters the block."""
    weights: float
    """‖∂loss/∂w‖ of the mean loss by the residual branch's weights (all of the block's where it has none).

    A plain network and its residual twin have the same residual branches, so the two figures compare.
    """


def gradient_flow(network: Network, images: Tensor, targets: Tensor) -> list[BlockGradient]:
    """The gradient at every block, from the image to the classifier, in one backward pass.

    The loss is the cross entropy of images (N,C,H,W) with class indices (N,). Norms use the batch's statistics, as
    in training; the network is left as it was, without gradients.
    """
    blocks = list(network.blocks())
    weights = [list(_branch(block).parameters()) for _name, block in blocks]
    with by_batch(network), torch.enable_grad(), entering(blocks) as inputs:
        loss = F.cross_entropy(network(images).float(), targets)
        flat = [parameter for parameters in weights for parameter in parameters]
        gradients = iter(torch.autograd.grad(loss, [*inputs, *flat]))
    strengths = [per_image(next(gradients)) for _ in blocks]
    norms = [torch.stack([_exact(next(gradients)).norm() for _ in parameters]).norm().item() for parameters in weights]
    return [BlockGradient(name, *pair) for (name, _block), *pair in zip(blocks, strengths, norms, strict=True)]


def per_image(gradient: Tensor) -> float:
    """Root mean square over N images of the norm of each one's part of `gradient` (N,...), that of a mean loss."""
    # Times N, the gradient of the mean by what belongs to one image is that of the image's own loss. In fp64, because
    # over a path of many blocks it can be so small that its square is nothing in fp32.
    squares = _exact(gradient).flatten(1).square().sum(dim=1)
    return len(gradient) * math.sqrt(squares.mean().item())


def _exact(values: Tensor) -> Tensor:
    """In fp64, which not every GPU has, on the CPU."""
    return values.cpu().double()


def first_to_last(gradients: list[BlockGradient]) -> float:
    """How many times stronger the gradient is where it enters the first block than where it enters the last.

    On a highway it is about 1; far below, the gradient vanishes on its way back; far above, it explodes.
    """
    return gradients[0].entering / gradients[-1].entering


def _branch(block: nn.Module) -> nn.Module:
    return block.residual if isinstance(block, Block) else block


@contextmanager
def entering(blocks: list[tuple[str, nn.Module]]) -> Iterator[list[Tensor]]:
    """The tensors that enter the blocks, in order, once an image has passed."""
    inputs: list[Tensor] = []

    def keep(_module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        inputs.append(arguments[0])

    with ExitStack() as hooks:
        for _name, block in blocks:
            hooks.enter_context(block.register_forward_pre_hook(keep))
        yield inputs
