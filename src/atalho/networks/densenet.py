"""The DenseNet family: what one is in numbers, the named ones, and which blocks follow from them. No torch here."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from atalho.errors import ConfigError
from atalho.networks.family import STRICT, Count, Counts, FamilySpec, check_blocks
from atalho.networks.plan import BlockPlan, DensePlan, Plan, StemPlan, TransitionPlan


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DenseNetSpec(FamilySpec):
    """A densely connected network with bottlenecks and compression, DenseNet-BC (Huang et al. 2017)."""

    family: Literal["densenet"] = "densenet"
    growth_rate: Count
    """New channels per layer (k in the paper)."""
    blocks: Counts
    """Layers per dense block; a transition that halves the size stands between two dense blocks."""
    stem_channels: Count
    bottleneck: Count = 4
    """Channels between the two convolutions of a layer, as a multiple of the growth rate."""
    compression: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.5
    """Share of the channels that a transition keeps (θ in the paper)."""
    stem: Literal["small", "large"] = "large"

    def __post_init__(self) -> None:
        check_blocks(self.blocks)

    def plan(self) -> Plan:
        """A dense block per stage, and a transition behind each but the last."""
        blocks: list[BlockPlan] = []
        channels = self.stem_channels
        for stage, layers in enumerate(self.blocks):
            dense = DensePlan(stage, 0, channels, layers, self.growth_rate, self.bottleneck)
            channels = dense.out_channels
            blocks.append(dense)
            if stage < len(self.blocks) - 1:
                kept = max(1, int(channels * self.compression))
                blocks.append(TransitionPlan(stage, 1, channels, kept))
                channels = kept
        return self._planned(
            StemPlan("large" if self.stem == "large" else "bare", self.in_channels, self.stem_channels), blocks, "norm"
        )


# Huang et al. 2017, table 1, and the 48-wide network of its figure 3: growth rate, stem channels, layers per block.
_IMAGENET: Final = {
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}

# DenseNet-BC rows of Huang et al. 2017, table 2; any other valid (L, k) has a name too.
_CIFAR: Final = ((100, 12), (250, 24), (190, 40))


def rows() -> dict[str, DenseNetSpec]:
    """The named networks of the family."""
    imagenet = {
        f"densenet{depth}": DenseNetSpec(growth_rate=growth_rate, blocks=blocks, stem_channels=stem_channels)
        for depth, (growth_rate, stem_channels, blocks) in _IMAGENET.items()
    }
    cifar = {f"densenet-bc-{depth}-{growth_rate}": _cifar(depth, growth_rate) for depth, growth_rate in _CIFAR}
    return imagenet | cifar


def named_by_numbers(name: str) -> DenseNetSpec | None:
    """The network that a name densenet-bc-L-k describes, None for other names; raises ConfigError for L or k unfit."""
    parts = re.fullmatch(r"densenet-bc-([0-9]{1,5})-([0-9]{1,5})", name)
    if parts is None:
        return None
    depth, growth_rate = int(parts[1]), int(parts[2])
    if depth < 10 or (depth - 4) % 6 or growth_rate < 1:
        raise ConfigError(
            "network {given!r}: densenet-bc-L-k needs L = 6n + 4 layers (10, 16, … 100, … 190, 250) and a "
            "growth rate k of at least 1",
            given=name,
        )
    return _cifar(depth, growth_rate)


def _cifar(depth: int, growth_rate: int) -> DenseNetSpec:
    # Stem, two transitions and classifier are 4 layers; the others are pairs, shared out over three blocks.
    layers = (depth - 4) // 6
    return DenseNetSpec(
        growth_rate=growth_rate, blocks=(layers,) * 3, stem_channels=2 * growth_rate, stem="small", classes=10
    )
