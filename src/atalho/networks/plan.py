"""Spec → plan: every block with its place, channels, stride and shortcut. A pure function, without torch.

A plan can be printed, drawn and tested; `build` turns it into modules, name by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from atalho.blocks.kinds import PoolingKind, ShortcutKind, ShortcutPath, shortcut_path
from atalho.networks.spec import BOTTLENECKS, PREACTIVATIONS, DenseNetSpec, Design, MLPSpec, ResNetSpec, Spec

LARGE_SIDE: Final = 224
SMALL_SIDE: Final = 32

StemDesign = Literal["small", "bare", "large", "pixels"]


@dataclass(frozen=True)
class StemPlan:
    """The first layers. `side` is for the design "pixels" only."""

    design: StemDesign
    in_channels: int
    out_channels: int
    side: int = 0

    weighted_layers = 1

    @property
    def stride(self) -> int:
        """How many times smaller the image becomes."""
        return 4 if self.design == "large" else 1


@dataclass(frozen=True)
class ResidualPlan:
    """One residual block on images."""

    stage: int
    index: int
    design: Design
    in_channels: int
    middle_channels: int
    out_channels: int
    stride: int
    shortcut: ShortcutKind

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
    """One residual block on linear layers."""

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
    """One dense block."""

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
    """A whole network. Its stem, blocks by stage, what closes the features, and the head's width."""

    stem: StemPlan
    blocks: tuple[BlockPlan, ...]
    closing: Closing
    """After the last block: "norm" and ReLU where blocks begin with theirs; "vector" makes (N,D) (N,D,1,1)."""
    embedding: int
    """Length D of the embedding, the channels that the classifier takes."""
    classes: int
    dropout: float
    neck: int = 0
    """Length of the embedding of a head that re-identifies; 0 for a classifier on the pooled features."""
    pooling: PoolingKind = "average"

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
        return {"pixels": self.stem.side, "large": LARGE_SIDE}.get(self.stem.design, SMALL_SIDE)

    def stages(self) -> tuple[tuple[BlockPlan, ...], ...]:
        """The blocks, grouped by stage."""
        last = self.blocks[-1].stage
        return tuple(tuple(block for block in self.blocks if block.stage == stage) for stage in range(last + 1))


def plan(spec: Spec) -> Plan:
    """The plan of any family's spec."""
    match spec:
        case ResNetSpec():
            return _resnet(spec)
        case DenseNetSpec():
            return _densenet(spec)
        case MLPSpec():
            return _mlp(spec)


def _resnet(spec: ResNetSpec) -> Plan:
    preactivation = spec.design in PREACTIVATIONS
    small: StemDesign = "bare" if preactivation else "small"
    stem = StemPlan("large" if spec.stem == "large" else small, spec.in_channels, spec.stem_channels)
    narrowing = spec.narrowing if spec.design in BOTTLENECKS else 1
    blocks: list[BlockPlan] = []
    channels = spec.stem_channels
    for stage, (count, width) in enumerate(zip(spec.blocks, spec.widths, strict=True)):
        for index in range(count):
            first = spec.last_stride if stage == len(spec.blocks) - 1 else 2
            stride = first if stage > 0 and index == 0 else 1
            blocks.append(
                ResidualPlan(stage, index, spec.design, channels, width // narrowing, width, stride, spec.shortcut)
            )
            channels = width
    closing: Closing = "norm" if preactivation else "none"
    return Plan(stem, tuple(blocks), closing, channels, spec.classes, spec.dropout, spec.embedding, spec.pooling)


def _densenet(spec: DenseNetSpec) -> Plan:
    stem = StemPlan("large" if spec.stem == "large" else "bare", spec.in_channels, spec.stem_channels)
    blocks: list[BlockPlan] = []
    channels = spec.stem_channels
    for stage, layers in enumerate(spec.blocks):
        dense = DensePlan(stage, 0, channels, layers, spec.growth_rate, spec.bottleneck)
        channels = dense.out_channels
        blocks.append(dense)
        if stage < len(spec.blocks) - 1:
            kept = max(1, int(channels * spec.compression))
            blocks.append(TransitionPlan(stage, 1, channels, kept))
            channels = kept
    return Plan(stem, tuple(blocks), "norm", channels, spec.classes, spec.dropout, spec.embedding, spec.pooling)


def _mlp(spec: MLPSpec) -> Plan:
    stem = StemPlan("pixels", spec.in_channels, spec.widths[0], spec.side)
    blocks: list[BlockPlan] = []
    width_before = spec.widths[0]
    for stage, (count, width) in enumerate(zip(spec.blocks, spec.widths, strict=True)):
        for index in range(count):
            blocks.append(LinearPlan(stage, index, width_before, width, spec.shortcut))
            width_before = width
    return Plan(stem, tuple(blocks), "vector", width_before, spec.classes, spec.dropout, spec.embedding, spec.pooling)
