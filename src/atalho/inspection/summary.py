"""What a network is made of: shapes, parameters and multiply-adds, block by block, without allocating anything.

Layers run on torch's meta device, which knows shapes only, and `torch.utils.flop_counter` counts. Blocks with the
same plan cost the same, so each different one is counted once: the whole catalogue takes seconds.
"""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.build import make_block, make_closing, make_head, make_stem
from atalho.networks.network import Network
from atalho.networks.plan import BlockPlan, Closing, LinearPlan, Plan, ResidualPlan, StemPlan, TransitionPlan
from atalho.networks.spec import Spec

Shape = tuple[int, ...]


@dataclass(frozen=True)
class SummaryRow:
    """One piece of a network, for one image. Shapes are (C, H, W), or (D,) for vectors."""

    name: str
    """The module's qualified name."""
    stage: int | None
    """The stage that a block belongs to; None for stem, closing and head."""
    kind: str
    """What the piece is: "small", "basic", "dense", "transition", "classifier", …"""
    shortcut: str
    """identity, projection, zero-pad or none; empty where there is no sum."""
    shape: Shape
    """Shape of what leaves it."""
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """A network for images of `image_size` (C, H, W)."""

    image_size: Shape
    depth: int
    """Weighted layers as the papers count them."""
    rows: tuple[SummaryRow, ...]

    @property
    def parameters(self) -> int:
        """All trainable numbers."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the forward pass of one image, in convolutions and linear layers."""
        return sum(row.multiply_adds for row in self.rows)


def summarise(network: Network | Spec, image_size: tuple[int, int, int] | None = None) -> Summary:
    """Shapes, parameters and multiply-adds of every piece, for one image of `image_size` (C, H, W).

    Without a size: 224 pixels for networks with a large stem, 32 for those with a small one.
    Raises ConfigError for images that the network does not take.
    """
    spec = network.spec if isinstance(network, Network) else network
    planned = spec.plan()
    size = image_size or (spec.in_channels, planned.usual_side, planned.usual_side)
    _check(spec, planned, size)
    rows: list[SummaryRow] = []
    shape: Shape = size
    for name, stage, kind, shortcut, part in _parts(planned):
        shape, parameters, multiply_adds = _cost(part, shape)
        rows.append(SummaryRow(name, stage, kind, shortcut, shape, parameters, multiply_adds))
    return Summary(size, planned.depth, tuple(rows))


@dataclass(frozen=True)
class NetworkFigures:
    """A network of the catalogue in numbers, counted as the catalogue has it: for `classes` classes."""

    name: str
    depth: int
    parameters: int
    multiply_adds: int
    classes: int
    counted_at: int
    """Side, in pixels, of the image that `multiply_adds` is for."""
    smallest: int
    """The smallest side of an image that it takes, in pixels."""


def describe_catalogue(pattern: str = "*") -> list[NetworkFigures]:
    """The figures of every network of the catalogue that matches a shell pattern.

    Raises ConfigError where nothing matches.
    """
    return [_figures(name) for name in catalogue.list_models(pattern)]


def _figures(name: str) -> NetworkFigures:
    spec = catalogue.spec(name)
    plan, counted = spec.plan(), summarise(spec)
    return NetworkFigures(
        name,
        counted.depth,
        counted.parameters,
        counted.multiply_adds,
        classes=spec.classes,
        counted_at=plan.usual_side,
        smallest=plan.stride,
    )


_Part = StemPlan | BlockPlan | tuple[Closing, int] | Plan
"""A piece of a network by its plan: the closing by its kind and channels, the head by the plan of the whole."""


def _parts(planned: Plan) -> list[tuple[str, int | None, str, str, _Part]]:
    blocks: list[tuple[str, int | None, str, str, _Part]] = [
        (
            f"stages.{block.stage}.{block.index}",
            block.stage,
            _kind(block),
            block.path if isinstance(block, ResidualPlan | LinearPlan) else "",
            # The place of a block does not change what it costs.
            replace(block, stage=0, index=0),
        )
        for block in planned.blocks
    ]
    closing = (planned.closing, planned.out_channels)
    return [
        ("stem", None, planned.stem.design, "", planned.stem),
        *blocks,
        *([("closing", None, planned.closing, "", closing)] if planned.closing != "none" else []),
        ("head", None, "embedding" if planned.embedding else "classifier", "", planned),
    ]


def _kind(block: BlockPlan) -> str:
    if isinstance(block, ResidualPlan):
        return block.design
    if isinstance(block, LinearPlan):
        return "linear"
    return "transition" if isinstance(block, TransitionPlan) else "dense"


@cache
def _cost(part: _Part, shape: Shape) -> tuple[Shape, int, int]:
    """The shape (C,H,W) or (D,) that leaves a piece, its parameters, and its multiply-adds for one image."""
    with torch.device("meta"):
        module = _module(part)
        x = torch.empty(1, *shape)
    # Eval mode: one image has no statistics of its own where a feature map is a single pixel.
    module.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        y = module(x)
    # The counter counts a multiply-add as two operations.
    multiply_adds = counter.get_total_flops() // 2
    return tuple(y.shape[1:]), sum(p.numel() for p in module.parameters()), multiply_adds


def _module(part: _Part) -> nn.Module:
    match part:
        case StemPlan():
            return make_stem(part)
        case Plan():
            return make_head(part)
        case (closing, channels):
            return make_closing(closing, channels)
        case _:
            return make_block(part)


def _check(spec: Spec, planned: Plan, size: Shape) -> None:
    if len(size) != 3 or size[0] != spec.in_channels or min(size[1:]) < planned.stride:
        raise ConfigError(
            "image size {given}: expected ({channels}, H, W) with sides of at least {smallest} pixels",
            given=tuple(size),
            channels=spec.in_channels,
            smallest=planned.stride,
        )
