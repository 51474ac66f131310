"""The ResNet family: what one is in numbers, the named ones, and which blocks follow from them. No torch here.

Plain networks are the same without shortcuts, and pre-activation networks the same with other blocks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic.dataclasses import dataclass

from atalho.blocks.kinds import HalvingKind, ShortcutKind, StemKind
from atalho.errors import ConfigError
from atalho.networks.family import STRICT, Count, Counts, FamilySpec, check_blocks
from atalho.networks.plan import BOTTLENECKS, PREACTIVATIONS, Design, Plan, ResidualPlan, StemDesign, StemPlan
from atalho.validation import NO_TRUTH_VALUE

# A stem before pre-activation blocks leaves its last norm and ReLU to the first of them.
_BARE: Final[Mapping[str, StemDesign]] = {"small": "bare", "small-double": "bare-double", "large": "large"}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ResNetSpec(FamilySpec):
    """A residual network (He et al. 2015; pre-activation designs: He et al. 2016)."""

    family: Literal["resnet"] = "resnet"
    design: Design
    """Which block."""
    blocks: Counts
    """Blocks per stage, MOST_BLOCKS in all; the first block of each stage but the first halves the size."""
    widths: Counts
    """Channels that leave each stage."""
    narrowing: Count = 4
    """Bottlenecks only: how many times fewer channels the 3x3 convolution has than the block's output."""
    stem: StemKind = "large"
    stem_channels: Count = 64
    shortcut: ShortcutKind = "projection"
    last_stride: Annotated[Literal[1, 2], NO_TRUTH_VALUE] = 2
    """Of the last stage's first block; 1 keeps finer features (Luo et al. 2019, section 3.4)."""
    halving: HalvingKind = "convolution"
    """What carries the strides; blocks with pre-activation have the convolution alone."""

    def __post_init__(self) -> None:
        check_blocks(self.blocks, self.widths)
        if self.design in PREACTIVATIONS and (self.halving != "convolution" or self.stem not in _BARE):
            raise ConfigError(
                "halving {halving!r} and stem {stem!r}: networks with pre-activation only support halving "
                "'convolution' and the stems 'small', 'small-double' and 'large'",
                halving=self.halving,
                stem=self.stem,
            )
        for width in self.widths if self.design in BOTTLENECKS else ():
            if width % self.narrowing:
                raise ConfigError(
                    "widths {width} and narrowing {narrowing}: each width must be a multiple of narrowing",
                    width=width,
                    narrowing=self.narrowing,
                )

    def plan(self) -> Plan:
        """Every block: the first of each later stage halves the size, and a stage keeps its width."""
        preactivation = self.design in PREACTIVATIONS
        narrowing = self.narrowing if self.design in BOTTLENECKS else 1
        blocks = []
        channels = self.stem_channels
        for stage, (count, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            halving = self.last_stride if stage == len(self.blocks) - 1 else 2
            for index in range(count):
                block = ResidualPlan(
                    stage,
                    index,
                    self.design,
                    in_channels=channels,
                    middle_channels=width // narrowing,
                    out_channels=width,
                    stride=halving if stage > 0 and index == 0 else 1,
                    shortcut=self.shortcut,
                    halving=self.halving,
                )
                blocks.append(block)
                channels = width
        return self._planned(
            StemPlan(
                _BARE[self.stem] if preactivation else self.stem,
                self.in_channels,
                self.stem_channels,
                halving=self.halving,
            ),
            blocks,
            "norm" if preactivation else "none",
        )


# Networks for large images (He et al. 2015, table 1): depth → design, blocks per stage, output widths.
_NARROW: Final = (64, 128, 256, 512)
_WIDE: Final = (256, 512, 1024, 2048)
IMAGENET: Final[Mapping[int, tuple[Design, tuple[int, ...], tuple[int, ...]]]] = {
    18: ("basic", (2, 2, 2, 2), _NARROW),
    34: ("basic", (3, 4, 6, 3), _NARROW),
    50: ("bottleneck", (3, 4, 6, 3), _WIDE),
    101: ("bottleneck", (3, 4, 23, 3), _WIDE),
    152: ("bottleneck", (3, 8, 36, 3), _WIDE),
}

# Networks for CIFAR's 32 pixels and 10 classes (He et al. 2015, section 4.2): 6n + 2 layers.
_CIFAR: Final = (20, 26, 32, 44, 56, 110, 1202)

# Twice the channels inside each bottleneck (Zagoruyko and Komodakis 2016), by torchvision's names.
_TWICE_AS_WIDE: Final = (50, 101)

_PREACTIVATION: Final[Mapping[Design, Design]] = {
    "basic": "preactivation-basic",
    "bottleneck": "preactivation-bottleneck",
}


def rows() -> dict[str, ResNetSpec]:
    """The named networks of the family."""
    residual = {f"resnet{depth}": imagenet(depth) for depth in IMAGENET}
    residual |= {f"resnet{depth}": cifar(depth) for depth in _CIFAR}
    residual["resnet9"] = minutes()
    wide = {f"wide_resnet{depth}_2": replace(imagenet(depth), narrowing=2) for depth in _TWICE_AS_WIDE}
    preactivated = {name.replace("resnet", "preact"): preactivation(row) for name, row in residual.items()}
    plain = {name.replace("resnet", "plain"): replace(row, shortcut="none") for name, row in residual.items()}
    return residual | wide | preactivated | plain


def imagenet(depth: int) -> ResNetSpec:
    """A network of the table for large images, by its depth."""
    design, blocks, widths = IMAGENET[depth]
    return ResNetSpec(design=design, blocks=blocks, widths=widths)


def cifar(depth: int) -> ResNetSpec:
    """The residual network for CIFAR's 32 pixels with 6n + 2 layers, of which n may be any number."""
    per_stage = (depth - 2) // 6
    return ResNetSpec(
        design="basic",
        blocks=(per_stage,) * 3,
        widths=(16, 32, 64),
        stem="small",
        stem_channels=16,
        shortcut="zero-pad",
        classes=10,
    )


def minutes() -> ResNetSpec:
    """The network for small images and few minutes: three wide blocks behind a stem of two convolutions, nine layers.

    Against resnet20's nine narrow blocks it has a third more multiply-adds, in products large enough that a step takes
    less time, and far more to learn with. It shares number of layers, idea and widths with the nine layers of David
    Page ("How to train your ResNet", 2018), whose convolutions between the blocks have no shortcut, and which needs
    seven times its multiply-adds.
    """
    return ResNetSpec(
        design="basic", blocks=(1, 1, 1), widths=(64, 128, 256), stem="small-double", stem_channels=64, classes=10
    )


def preactivation(spec: ResNetSpec) -> ResNetSpec:
    """The same network with norm and ReLU before each convolution."""
    return replace(spec, design=_PREACTIVATION[spec.design])
