"""What a plan is made of: every block of a network with its place, channels, stride and shortcut. No torch here.

The spec of each family plans itself (`spec.plan()`), as a pure function of its numbers. A plan can be printed, drawn
and tested; `build` turns it into modules, name by name.
"""

from dataclasses import dataclass
from typing import Final, Literal

from atalho.blocks.kinds import HalvingKind, PoolingKind, ShortcutKind, ShortcutPath, shortcut_path

LARGE_SIDE: Final = 224
SMALL_SIDE: Final = 32

StemDesign = Literal["small", "small-pool", "small-double", "bare", "bare-double", "large", "large-linear", "pixels"]
Design = Literal["basic", "bottleneck", "preactivation-basic", "preactivation-bottleneck"]

BOTTLENECKS: Final = ("bottleneck", "preactivation-bottleneck")
DOUBLES: Final = ("small-double", "bare-double")
PREACTIVATIONS: Final = ("preactivation-basic", "preactivation-bottleneck")


@dataclass(frozen=True)
class StemPlan:
    """The first layers: from images of `in_channels` to what the first block takes.

    `side`, in pixels, is for the design "pixels" only, which brings every image to side x side.
    """

    design: StemDesign
    in_channels: int
    out_channels: int
    side: int = 0
    halving: HalvingKind = "convolution"

    @property
    def weighted_layers(self) -> int:
        """Convolutions, or the one linear layer."""
        return 2 if self.design in DOUBLES else 1

    @property
    def stride(self) -> int:
        """How many times smaller the image becomes."""
        halved = dict.fromkeys((*DOUBLES, "small-pool"), 2)
        return {"large": 4, "large-linear": 4, **halved}.get(self.design, 1)


@dataclass(frozen=True)
class ResidualPlan:
    """One residual block on images: number `index` of its stage, both counted from 0.

    `middle_channels` are those of a bottleneck's 3x3 convolution. `stride` is how many times smaller the output is, and
    `shortcut` the kind that the network was asked for; `path` is what this block has.
    """

    stage: int
    index: int
    design: Design
    in_channels: int
    middle_channels: int
    out_channels: int
    stride: int
    shortcut: ShortcutKind
    halving: HalvingKind = "convolution"

    @property
    def weighted_layers(self) -> int:
        """Convolutions on the residual branch."""
        return 3 if self.design in BOTTLENECKS else 2

    @property
    def path(self) -> ShortcutPath:
        """Which shortcut the block has."""
        return shortcut_path(self.shortcut, self.in_channels, self.out_channels, self.stride)


@dataclass(frozen=True)
class LinearPlan:
    """One residual block on linear layers, whose channels are the lengths of its input and output vectors."""

    stage: int
    index: int
    in_channels: int
    out_channels: int
    shortcut: ShortcutKind

    stride = 1
    weighted_layers = 2

    @property
    def path(self) -> ShortcutPath:
        """Which shortcut the block has."""
        return shortcut_path(self.shortcut, self.in_channels, self.out_channels)


@dataclass(frozen=True)
class DensePlan:
    """One dense block of so many `layers`, each of which adds `growth_rate` channels.

    `bottleneck` times as many channels lie between the two convolutions of a layer.
    """

    stage: int
    index: int
    in_channels: int
    layers: int
    growth_rate: int
    bottleneck: int

    stride = 1

    @property
    def out_channels(self) -> int:
        """The input's channels and growth_rate more per layer."""
        return self.in_channels + self.layers * self.growth_rate

    @property
    def weighted_layers(self) -> int:
        """Two convolutions per dense layer."""
        return 2 * self.layers


@dataclass(frozen=True)
class TransitionPlan:
    """What stands between two dense blocks."""

    stage: int
    index: int
    in_channels: int
    out_channels: int

    stride = 2
    weighted_layers = 1


BlockPlan = ResidualPlan | LinearPlan | DensePlan | TransitionPlan
Closing = Literal["norm", "vector", "none"]


@dataclass(frozen=True)
class Plan:
    """A whole network: its stem, its blocks, what closes the features, and the numbers of its head."""

    stem: StemPlan
    blocks: tuple[BlockPlan, ...]
    closing: Closing
    """After the last block: "norm" and ReLU where blocks begin with theirs; "vector" makes (N,D) (N,D,1,1)."""
    classes: int
    dropout: float
    embedding: int = 0
    """Length of the embedding of a head that re-identifies; 0 for a classifier on the pooled features."""
    pooling: PoolingKind = "average"

    @property
    def out_channels(self) -> int:
        """Channels of the last features, which the head takes."""
        return self.blocks[-1].out_channels

    @property
    def depth(self) -> int:
        """Weighted layers as the papers count them: no norms, no projections."""
        return self.stem.weighted_layers + sum(block.weighted_layers for block in self.blocks) + 1

    @property
    def stride(self) -> int:
        """How many times smaller the last features are than the image; the smallest side that the network takes."""
        total = self.stem.stride
        for block in self.blocks:
            total *= block.stride
        return total

    @property
    def usual_side(self) -> int:
        """The side in pixels of the images that the network is usually quoted for."""
        if self.stem.design == "pixels":
            return self.stem.side
        return LARGE_SIDE if self.stem.design.startswith("large") else SMALL_SIDE

    def stages(self) -> tuple[tuple[BlockPlan, ...], ...]:
        """The blocks, grouped by stage."""
        last = self.blocks[-1].stage
        return tuple(tuple(block for block in self.blocks if block.stage == stage) for stage in range(last + 1))
