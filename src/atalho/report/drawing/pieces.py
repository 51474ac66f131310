"""Plan → what is drawn, from the image to the classifier, as data: no coordinates, no words, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from atalho.networks.plan import (
    BOTTLENECKS,
    PREACTIVATIONS,
    BlockPlan,
    DensePlan,
    LinearPlan,
    Plan,
    ResidualPlan,
    TransitionPlan,
)
from atalho.report.drawing.layers import Layer, Size

FOLDED_ABOVE: Final = 6
"""Blocks of a stage, or layers of a dense block; the article's network has 6 at most and is drawn whole."""

T = TypeVar("T")

Shape = tuple[int, int, int]
"""Channels, height, width; (D, 0, 0) is a vector."""


@dataclass(frozen=True)
class Chain:
    """Layers one after the other: the stem, a transition, the head. `shapes` has what leaves each."""

    name: str
    layers: tuple[Layer, ...]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Step:
    """A block with its shortcut, or, with several names, so many that are the same."""

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    path: str
    """identity, projection, zero-pad or none."""
    fit: Layer | None
    """The layer on the path of a projection."""
    relu: bool
    """Whether a ReLU follows the sum."""


@dataclass(frozen=True)
class Growth:
    """A dense layer, or, with several names, so many: `channels` enter the first, each adds `rate`."""

    names: tuple[str, ...]
    block: str
    layers: tuple[Layer, ...]
    channels: int
    rate: int


Piece = Chain | Step | Growth


@dataclass(frozen=True)
class Segment:
    """What is drawn on one ground: the stem, a stage with all its blocks, or the head."""

    stage: int | None
    blocks: int
    """Residual blocks, or layers of the dense block; 0 for stem and head."""
    shape: Shape
    """What leaves its blocks."""
    pieces: tuple[Piece, ...]


def segments(plan: Plan, size: Size, *, unfold: bool) -> tuple[Segment, ...]:
    """The whole network for images of `size`; long repeats folded unless `unfold`."""
    stem, size = _chain("stem", _stem(plan), plan.stem.in_channels, size)
    found = [Segment(None, 0, stem.shapes[-1], (stem,))]
    for blocks in plan.stages():
        summed = [block for block in blocks if isinstance(block, ResidualPlan | LinearPlan)]
        segment, size = _stage(summed, size, unfold) if summed else _dense_stage(blocks, size, unfold)
        found.append(segment)
    head, _size = _chain("head", _head(plan), plan.out_channels, size)
    return (*found, Segment(None, 0, head.shapes[-1], (head,)))


def block_name(block: BlockPlan) -> str:
    """The name under which the network has the block."""
    return f"stages.{block.stage}.{block.index}"


def _chain(name: str, layers: Sequence[Layer], channels: int, size: Size) -> tuple[Chain, Size]:
    shapes: list[Shape] = []
    for layer in layers:
        size, channels = layer.size_after(size), layer.channels or channels
        shapes.append((channels, *size))
    return Chain(name, tuple(layers), tuple(shapes)), size


def _stem(plan: Plan) -> list[Layer]:
    stem = plan.stem
    match stem.design:
        case "small":
            return [Layer("conv", stem.out_channels, 3, after=("norm", "relu"))]
        case "bare":
            return [Layer("conv", stem.out_channels, 3)]
        case "large":
            return [
                Layer("conv", stem.out_channels, 7, 2, after=("norm", "relu")),
                Layer("max-pool", kernel=3, stride=2),
            ]
        case "pixels":
            pixels = stem.in_channels * stem.side**2
            return [Layer("flatten", pixels), Layer("linear", stem.out_channels, after=("norm", "relu"))]


def _head(plan: Plan) -> list[Layer]:
    return [
        *([Layer("norm", after=("norm", "relu"))] if plan.closing == "norm" else []),
        *([Layer("global-pool")] if plan.closing != "vector" else []),
        *([Layer("dropout", share=plan.dropout)] if plan.dropout else []),
        Layer("classifier", plan.classes),
    ]


def _stage(blocks: Sequence[ResidualPlan | LinearPlan], size: Size, unfold: bool) -> tuple[Segment, Size]:
    for block in blocks:
        size = (-(-size[0] // block.stride), -(-size[1] // block.stride))
    # Alike, whatever their place.
    alike = len(blocks) > 1 and replace(blocks[0], index=0) == replace(blocks[1], index=0)
    steps = [_step(group) for group in _groups(blocks, 1 if alike else 2, unfold)]
    return Segment(blocks[0].stage, len(blocks), (blocks[-1].out_channels, *size), tuple(steps)), size


def _step(blocks: Sequence[ResidualPlan | LinearPlan]) -> Step:
    block, names = blocks[0], tuple(map(block_name, blocks))
    if isinstance(block, ResidualPlan):
        before = block.design in PREACTIVATIONS
        fit = Layer("conv", block.out_channels, 1, block.stride)
        layers, path = _residual(block, before), block.path
    else:
        before, fit, path = False, Layer("linear", block.out_channels), block.path
        layers = (replace(fit, after=("norm", "relu")), replace(fit, after=("norm",)))
    return Step(names, layers, path, fit if path == "projection" else None, relu=not before)


def _residual(block: ResidualPlan, before: bool) -> tuple[Layer, ...]:
    middle, out, stride = block.middle_channels, block.out_channels, block.stride
    if block.design in BOTTLENECKS:
        layers = [Layer("conv", middle, 1, narrow=True), Layer("conv", middle, 3, stride, narrow=True),
                  Layer("conv", out, 1)]  # fmt: skip
    else:
        layers = [Layer("conv", out, 3, stride), Layer("conv", out, 3)]
    if before:
        return tuple(replace(layer, before=("norm", "relu")) for layer in layers)
    return (*(replace(layer, after=("norm", "relu")) for layer in layers[:-1]), replace(layers[-1], after=("norm",)))


def _dense_stage(blocks: Sequence[BlockPlan], size: Size, unfold: bool) -> tuple[Segment, Size]:
    pieces: list[Piece] = []
    shape: Shape = (0, 0, 0)
    count = 0
    for block in blocks:
        if isinstance(block, DensePlan):
            shape, count = (block.out_channels, *size), block.layers
            pieces += [_growth(block, group) for group in _groups(range(block.layers), 2, unfold)]
        elif isinstance(block, TransitionPlan):
            layers = (Layer("conv", block.out_channels, 1, before=("norm", "relu")), Layer("average-pool", 0, 2, 2))
            chain, size = _chain(block_name(block), layers, block.in_channels, size)
            pieces.append(chain)
    return Segment(blocks[0].stage, count, shape, tuple(pieces)), size


def _growth(block: DensePlan, places: Sequence[int]) -> Growth:
    name = block_name(block)
    layers = (
        Layer("conv", block.bottleneck * block.growth_rate, 1, before=("norm", "relu")),
        Layer("conv", block.growth_rate, 3, before=("norm", "relu"), narrow=True),
    )
    entering = block.in_channels + places[0] * block.growth_rate
    return Growth(tuple(f"{name}.layers.{place}" for place in places), name, layers, entering, block.growth_rate)


def _groups(items: Sequence[T], shown: int, unfold: bool) -> list[Sequence[T]]:
    """Each by itself; where they are too many, the first `shown`, all between as one, and the last."""
    if unfold or len(items) <= FOLDED_ABOVE:
        return [[item] for item in items]
    return [*([item] for item in items[:shown]), items[shown:-1], items[-1:]]
