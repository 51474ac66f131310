"""Plan → what is drawn, from the image to the classifier, as data: no coordinates, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

from atalho.blocks.kinds import ShortcutPath
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
from atalho.text import N_, _
from atalho.text.numbers import number

FOLDED_ABOVE: Final = 6
"""Blocks of a stage, or layers of a dense block; the article's network has 6 at most and is drawn whole."""

T = TypeVar("T")

Connection = ShortcutPath | Literal["concatenation"]
"""How blocks of a residual, plain or dense network pass their input on."""

Shape = tuple[int, int, int]
"""Channels, height, width; (D, 0, 0) is a vector."""

Kind = Literal[
    "conv", "linear", "max-pool", "average-pool", "blur-pool", "global-pool", "norm", "dropout", "classifier", "flatten"
]
Beside = Literal["norm", "relu"]
_LABELS: Final[dict[Kind, str]] = {
    "conv": N_("{side} conv, {channels}"),
    "linear": N_("linear, {channels}"),
    "max-pool": N_("{side} max pool"),
    "average-pool": N_("{side} average pool"),
    "blur-pool": N_("{side} blur pool"),
    "global-pool": N_("average pooling"),
    "norm": N_("batch norm, ReLU"),
    "dropout": N_("dropout {share}"),
    "flatten": N_("flatten, {channels}"),
    "classifier": N_("classifier, {channels}"),
}
Size = tuple[int, int]
"""Height and width in pixels; (0, 0) where the image has become a vector."""


@dataclass(frozen=True)
class LayerBox:
    """`kernel` is the side of what slides over the image; `before` and `after` are the norm and ReLU around it."""

    kind: Kind
    channels: int = 0
    kernel: int = 0
    stride: int = 1
    before: tuple[Beside, ...] = ()
    after: tuple[Beside, ...] = ()
    narrow: bool = False
    """Drawn narrower: the middle of a bottleneck."""
    share: float = 0.0
    """Of what a dropout leaves out."""

    def label(self) -> str:
        """What stands in the box: 3×3 conv, 64, /2."""
        label, side = _LABELS[self.kind], f"{self.kernel}×{self.kernel}"
        text = _(label).format(side=side, channels=self.channels, share=number(self.share, 2))
        return text + (f", /{self.stride}" if self.stride > 1 else "")

    def size_after(self, size: Size) -> Size:
        """The sides that leave the layer, for those that enter it."""
        if self.kind in ("global-pool", "linear", "flatten"):
            return (0, 0)
        if self.kind == "average-pool":
            return (size[0] // self.stride, size[1] // self.stride)
        return (-(-size[0] // self.stride), -(-size[1] // self.stride))


_AVERAGE: Final = LayerBox("average-pool", kernel=2, stride=2)
_BLUR: Final = LayerBox("blur-pool", kernel=3, stride=2)


@dataclass(frozen=True)
class LayerSequence:
    """Layers one after the other: the stem, a transition, the head. `shapes` are those of their outputs."""

    name: str
    layers: tuple[LayerBox, ...]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class ShortcutBlock:
    """A block with its shortcut (or, in a plain network, without one); several names stand for that many equal ones."""

    names: tuple[str, ...]
    layers: tuple[LayerBox, ...]
    path: ShortcutPath
    fit: LayerBox | None
    """The layer on the path of a projection."""
    relu: bool
    """Whether a ReLU follows the sum."""


@dataclass(frozen=True)
class DenseLayers:
    """A dense layer, or, with several names, so many: `channels` enter the first, each adds `rate`."""

    names: tuple[str, ...]
    layers: tuple[LayerBox, ...]
    channels: int
    rate: int


Piece = LayerSequence | ShortcutBlock | DenseLayers


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
    stem, size = _sequence("stem", _stem(plan), plan.stem.in_channels, size)
    found = [Segment(None, 0, stem.shapes[-1], (stem,))]
    for blocks in plan.stages():
        summed = [block for block in blocks if isinstance(block, ResidualPlan | LinearPlan)]
        segment, size = _stage(summed, size, unfold) if summed else _dense_stage(blocks, size, unfold)
        found.append(segment)
    head, _size = _sequence("head", _head(plan), plan.out_channels, size)
    return (*found, Segment(None, 0, head.shapes[-1], (head,)))


def connection(block: BlockPlan) -> Connection | None:
    """How a block's input reaches its output beside its layers; None for a transition, where it does not."""
    match block:
        case ResidualPlan() | LinearPlan():
            return block.path
        case DensePlan():
            return "concatenation"
        case TransitionPlan():
            return None


def block_name(block: BlockPlan) -> str:
    """The name under which the network has the block."""
    return f"stages.{block.stage}.{block.index}"


def _sequence(name: str, layers: Sequence[LayerBox], channels: int, size: Size) -> tuple[LayerSequence, Size]:
    shapes: list[Shape] = []
    for layer in layers:
        size, channels = layer.size_after(size), layer.channels or channels
        shapes.append((channels, *size))
    return LayerSequence(name, tuple(layers), tuple(shapes)), size


def _stem(plan: Plan) -> list[LayerBox]:
    stem = plan.stem
    match stem.design:
        case "small" | "small-pool":
            pool = [LayerBox("max-pool", kernel=3, stride=2)] if stem.design == "small-pool" else []
            return [LayerBox("conv", stem.out_channels, 3, after=("norm", "relu")), *pool]
        case "small-double" | "bare-double":
            both: tuple[Beside, ...] = ("norm", "relu")
            first = LayerBox("conv", max(1, stem.out_channels // 2), 3, after=both)
            last = LayerBox("conv", stem.out_channels, 3, 2, after=both if stem.design == "small-double" else ())
            return [first, last]
        case "bare":
            return [LayerBox("conv", stem.out_channels, 3)]
        case "large" | "large-linear":
            after: tuple[Beside, ...] = ("norm", "relu") if stem.design == "large" else ("norm",)
            pools = {"average": [_AVERAGE], "blur": [LayerBox("max-pool", kernel=3), _BLUR]}
            pool = pools.get(stem.halving, [LayerBox("max-pool", kernel=3, stride=2)])
            return [LayerBox("conv", stem.out_channels, 7, 2, after=after), *pool]
        case "pixels":
            pixels = stem.in_channels * stem.side**2
            return [LayerBox("flatten", pixels), LayerBox("linear", stem.out_channels, after=("norm", "relu"))]


def _head(plan: Plan) -> list[LayerBox]:
    return [
        *([LayerBox("norm", after=("norm", "relu"))] if plan.closing == "norm" else []),
        *([LayerBox("global-pool")] if plan.closing != "vector" else []),
        *([LayerBox("dropout", share=plan.dropout)] if plan.dropout else []),
        LayerBox("classifier", plan.classes),
    ]


def _stage(blocks: Sequence[ResidualPlan | LinearPlan], size: Size, unfold: bool) -> tuple[Segment, Size]:
    for block in blocks:
        size = (-(-size[0] // block.stride), -(-size[1] // block.stride))
    # Alike, whatever their place.
    alike = len(blocks) > 1 and replace(blocks[0], index=0) == replace(blocks[1], index=0)
    pieces = [_shortcut_block(group) for group in _groups(blocks, 1 if alike else 2, unfold)]
    return Segment(blocks[0].stage, len(blocks), (blocks[-1].out_channels, *size), tuple(pieces)), size


def _shortcut_block(blocks: Sequence[ResidualPlan | LinearPlan]) -> ShortcutBlock:
    block, names = blocks[0], tuple(map(block_name, blocks))
    if isinstance(block, ResidualPlan):
        before = block.design in PREACTIVATIONS
        fit = LayerBox("conv", block.out_channels, 1, block.stride)
        layers, path = _residual(block, before), block.path
    else:
        before, fit, path = False, LayerBox("linear", block.out_channels), block.path
        layers = (replace(fit, after=("norm", "relu")), replace(fit, after=("norm",)))
    return ShortcutBlock(names, layers, path, fit if path == "projection" else None, relu=not before)


def _residual(block: ResidualPlan, before: bool) -> tuple[LayerBox, ...]:
    middle, out, stride = block.middle_channels, block.out_channels, block.stride
    pool = {"average": [_AVERAGE], "blur": [_BLUR]}.get(block.halving, []) if stride > 1 else []
    first, middle_stride = (stride, 1) if block.halving == "first-convolution" else (1, 1 if pool else stride)
    if block.design in BOTTLENECKS:
        layers = [LayerBox("conv", middle, 1, first, narrow=True),
                  LayerBox("conv", middle, 3, middle_stride, narrow=True), LayerBox("conv", out, 1)]  # fmt: skip
    else:
        layers = [LayerBox("conv", out, 3, 1 if pool else stride), LayerBox("conv", out, 3)]
    if before:
        return tuple(replace(layer, before=("norm", "relu")) for layer in layers)
    behind = [replace(layer, after=("norm", "relu")) for layer in layers[:-1]]
    return (*behind, *pool, replace(layers[-1], after=("norm",)))


def _dense_stage(blocks: Sequence[BlockPlan], size: Size, unfold: bool) -> tuple[Segment, Size]:
    pieces: list[Piece] = []
    shape: Shape = (0, 0, 0)
    count = 0
    for block in blocks:
        if isinstance(block, DensePlan):
            shape, count = (block.out_channels, *size), block.layers
            pieces += [_dense_layers(block, group) for group in _groups(range(block.layers), 2, unfold)]
        elif isinstance(block, TransitionPlan):
            layers = (
                LayerBox("conv", block.out_channels, 1, before=("norm", "relu")),
                LayerBox("average-pool", 0, 2, 2),
            )
            sequence, size = _sequence(block_name(block), layers, block.in_channels, size)
            pieces.append(sequence)
    return Segment(blocks[0].stage, count, shape, tuple(pieces)), size


def _dense_layers(block: DensePlan, places: Sequence[int]) -> DenseLayers:
    name = block_name(block)
    layers = (
        LayerBox("conv", block.bottleneck * block.growth_rate, 1, before=("norm", "relu")),
        LayerBox("conv", block.growth_rate, 3, before=("norm", "relu"), narrow=True),
    )
    entering = block.in_channels + places[0] * block.growth_rate
    return DenseLayers(tuple(f"{name}.layers.{place}" for place in places), layers, entering, block.growth_rate)


def _groups(items: Sequence[T], shown: int, unfold: bool) -> list[Sequence[T]]:
    """Each by itself; where they are too many, the first `shown`, all between as one, and the last."""
    if unfold or len(items) <= FOLDED_ABOVE:
        return [[item] for item in items]
    return [*([item] for item in items[:shown]), items[shown:-1], items[-1:]]
