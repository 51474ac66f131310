"""The gradient's share by length of the path that it takes through a residual network (Veit et al. 2016, section 4.3).

With n blocks there are 2ⁿ paths from the last block back to the first: at each, through the residual branch or
through the shortcut. A path's length is the number of residual branches on it; C(n, k) paths have length k. The
gradient that reaches the first block is the sum of what comes over every path, and what comes over one is found by
closing, at every block, the branch that the path does not take.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho import chance
from atalho.blocks.block import Block
from atalho.blocks.shortcut import NoShortcut
from atalho.errors import ConfigError
from atalho.inspection.gradient_flow import entering, per_image
from atalho.inspection.norms import by_batch
from atalho.networks.network import Network


@dataclass(frozen=True)
class PathLength:
    """The paths through `length` residual branches."""

    length: int
    gradient: float
    """Mean, over sampled paths, of the norm that reaches the first block over one path (see `gradient_flow`)."""
    share: float
    """gradient x C(n, length), as a share of the same over all lengths."""


def by_length(
    network: Network, images: Tensor, targets: Tensor, *, samples: int = 20, seed: int = 0
) -> list[PathLength]:
    """The gradient by length of path, 0 to n, from `samples` random paths of each length.

    The loss is the cross entropy of images (N,C,H,W) with class indices (N,), norms use the batch's statistics. Raises
    ConfigError for networks with blocks that have no shortcut: they have one path only.
    """
    names = _names(network)
    means: list[float] = []
    with by_batch(network), torch.enable_grad(), gates(network) as (open_branch, inputs):
        loss = F.cross_entropy(network(images).float(), targets)
        for length in range(len(names) + 1):
            norms = []
            for draw in range(samples if 0 < length < len(names) else 1):
                order = chance.permutation(seed, f"path-{length}", draw, np.arange(len(names)))
                for rank, place in enumerate(order.tolist()):
                    open_branch[names[place]] = "residual" if rank < length else "shortcut"
                (gradient,) = torch.autograd.grad(loss, inputs[:1], retain_graph=True)
                norms.append(per_image(gradient))
            means.append(sum(norms) / len(norms))
    products = [mean * math.comb(len(names), length) for length, mean in enumerate(means)]
    return [
        PathLength(length, mean, product / sum(products))
        for length, (mean, product) in enumerate(zip(means, products, strict=True))
    ]


def middle(lengths: list[PathLength], level: float = 0.95) -> tuple[int, int]:
    """The shortest and the longest of the paths over which the middle `level` of the gradient comes."""
    tail, below = (1 - level) / 2, 0.0
    ends: list[int] = []
    for row in lengths:
        below += row.share
        if len(ends) == 0 and below > tail:
            ends.append(row.length)
        if below >= 1 - tail:
            return ends[0], row.length
    return ends[0], lengths[-1].length


def _names(network: Network) -> list[str]:
    if (single := _without_choice(network)) is not None:
        raise ConfigError(
            "block {name} adds no shortcut: only residual networks have paths of different lengths.", name=single
        )
    return [name for name, _block in network.blocks()]


def several(network: Network) -> bool:
    """Whether a network has paths of several lengths: whether every block adds a shortcut."""
    return _without_choice(network) is None


def _without_choice(network: Network) -> str | None:
    """The first block that offers one way only."""
    residual = ((name, isinstance(b, Block) and not isinstance(b.shortcut, NoShortcut)) for name, b in network.blocks())
    return next((name for name, offers in residual if not offers), None)


@contextmanager
def gates(network: Network) -> Iterator[tuple[dict[str, str], list[Tensor]]]:
    """While entered: the branch of each block that gradients may take, and what entered each block.

    Set the branches, "residual" or "shortcut", before each backward pass; the second is there after the forward pass.
    """
    open_branch: dict[str, str] = {}
    blocks = list(network.blocks())

    def gate(name: str, branch: str) -> Callable[..., Tensor]:
        def closed_unless_open(gradient: Tensor) -> Tensor:
            return gradient if open_branch[name] == branch else torch.zeros_like(gradient)

        def hook(_module: nn.Module, _arguments: object, output: Tensor) -> Tensor:
            # A view of its own: behind an identity lies the very tensor that the other branch takes too.
            passing = output.view_as(output)
            passing.register_hook(closed_unless_open)  # type: ignore[no-untyped-call]
            return passing

        return hook

    with entering(blocks) as inputs, ExitStack() as hooks:
        for name, block in blocks:
            for branch in ("residual", "shortcut"):
                hooks.enter_context(block.get_submodule(branch).register_forward_hook(gate(name, branch)))
        yield open_branch, inputs
