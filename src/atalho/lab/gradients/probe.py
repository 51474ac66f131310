"""What `lab gradients` measures of one network at one moment, in fp32: strength, likeness and paths of the gradient."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor

from atalho.inspection import paths
from atalho.inspection.gradient_flow import gradient_flow
from atalho.inspection.shattering import correlations
from atalho.networks.network import Network

LINES: Final = 16
"""At most so many lines between images are looked along for the likeness of gradients."""

_PATH_IMAGES: Final = 32
_PATH_SAMPLES: Final = 10


def look(network: Network, images: Tensor, targets: Tensor, *, seed: int) -> dict[str, Any]:
    """The gradient at every block, its likeness at neighbouring inputs, and its share by length of path.

    `images` (N,C,H,W) with classes `targets` (N,). Likeness is measured on lines between the first of them, paths with
    the first 32; `paths` is None for a network that has one path only.
    """
    lines = min(LINES, len(images) // 2)
    flow = gradient_flow(network, images, targets)
    return {
        "blocks": [row.name for row in flow],
        "entering": [row.entering for row in flow],
        "weights": [row.weights for row in flow],
        "cosines": correlations(network, images, targets, lines=lines),
        "paths": _paths(network, images[:_PATH_IMAGES], targets[:_PATH_IMAGES], seed),
    }


def _paths(network: Network, images: Tensor, targets: Tensor, seed: int) -> list[float] | None:
    if not paths.several(network):
        return None
    return [row.share for row in paths.by_length(network, images, targets, samples=_PATH_SAMPLES, seed=seed)]
