"""What `lab gradients` measures of one network at one moment, in fp32: strength, likeness and paths of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torch import Tensor

from atalho.inspection import paths
from atalho.inspection.gradient_flow import gradient_flow
from atalho.inspection.shattering import correlations
from atalho.networks.network import Network

LINES: Final = 16
"""The likeness of gradients is measured along at most so many lines between images."""

_PATH_IMAGES: Final = 32
_PATH_SAMPLES: Final = 10


@dataclass(frozen=True)
class Probe:
    """The gradient at every block, its likeness at neighbouring inputs, and its share by length of path."""

    blocks: tuple[str, ...]
    entering: tuple[float, ...]
    """The norm of the gradient by what enters each block."""
    weights: tuple[float, ...]
    """The norm of the gradient by each block's weights."""
    cosines: tuple[float, ...]
    """At every distance between one image and another."""
    paths: tuple[float, ...] | None
    """None for a network that has one path only."""


def probe(network: Network, images: Tensor, targets: Tensor, *, seed: int) -> Probe:
    """Measure a network on `images` (N,C,H,W) with classes `targets` (N,).

    Likeness is measured on lines between the first of them, paths with the first 32.
    """
    flow = gradient_flow(network, images, targets)
    shares = None
    if paths.several(network):
        few = images[:_PATH_IMAGES], targets[:_PATH_IMAGES]
        shares = tuple(row.share for row in paths.by_length(network, *few, samples=_PATH_SAMPLES, seed=seed))
    return Probe(
        blocks=tuple(row.name for row in flow),
        entering=tuple(row.entering for row in flow),
        weights=tuple(row.weights for row in flow),
        cosines=tuple(correlations(network, images, targets, lines=min(LINES, len(images) // 2))),
        paths=shares,
    )
