"""What a network is, in numbers: one frozen class per family, checked when it is made. No torch here.

A spec travels with its weights as JSON or TOML (`to_dict`, `from_dict`) and rebuilds the network anywhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from atalho.blocks.kinds import PoolingKind, ShortcutKind, StemKind
from atalho.errors import ConfigError, nearest
from atalho.text import Text, _

Design = Literal["basic", "bottleneck", "preactivation-basic", "preactivation-bottleneck"]

BOTTLENECKS: Final = ("bottleneck", "preactivation-bottleneck")
PREACTIVATIONS: Final = ("preactivation-basic", "preactivation-bottleneck")

LARGEST: Final = 65_536
"""No width, count or side of a spec may exceed this: a damaged file must not ask for terabytes."""

MOST_BLOCKS: Final = 4_000
"""In all stages together: the time and memory to build a network grow with them, whatever their widths."""


@dataclass(frozen=True, kw_only=True)
class ResNetSpec:
    """A residual network (He et al. 2015; pre-activation designs: He et al. 2016)."""

    design: Design
    """Which block."""
    blocks: tuple[int, ...]
    """Blocks per stage, MOST_BLOCKS in all; the first block of each stage but the first halves the size."""
    widths: tuple[int, ...]
    """Channels that leave each stage."""
    narrowing: int = 4
    """Bottlenecks only: how many times fewer channels the 3x3 convolution has than the block's output."""
    stem: StemKind = "large"
    stem_channels: int = 64
    shortcut: ShortcutKind = "projection"
    last_stride: int = 2
    """Of the last stage's first block; 1 keeps finer features (Luo et al. 2019, section 3.4)."""
    classes: int = 1000
    in_channels: int = 3
    dropout: float = 0.0
    """Before the classifier."""
    embedding: int = 0
    """Length of the embedding of a network that re-identifies; 0 for one that classifies."""
    pooling: PoolingKind = "average"

    def __post_init__(self) -> None:
        _one_of("design", self.design, get_args(Design))
        _stages(self.blocks, self.widths)
        _whole("narrowing", self.narrowing)
        for width in self.widths:
            if self.design in BOTTLENECKS and width % self.narrowing:
                raise ConfigError(
                    Text(
                        "widths {width} and narrowing {narrowing}: a width must be a multiple of the narrowing",
                        width=width,
                        narrowing=self.narrowing,
                    )
                )
        _one_of("stem", self.stem, get_args(StemKind))
        _whole("stem_channels", self.stem_channels)
        _one_of("shortcut", self.shortcut, get_args(ShortcutKind))
        if self.last_stride not in (1, 2):
            raise ConfigError(Text("last_stride {given!r}: accepted are 1 and 2", given=self.last_stride))
        _ends(self)


@dataclass(frozen=True, kw_only=True)
class DenseNetSpec:
    """A densely connected network with bottlenecks and compression, DenseNet-BC (Huang et al. 2017)."""

    growth_rate: int
    """New channels per layer (k in the paper)."""
    blocks: tuple[int, ...]
    """Layers per dense block; a transition that halves the size stands between two dense blocks."""
    stem_channels: int
    bottleneck: int = 4
    """Channels between the two convolutions of a layer, as a multiple of the growth rate."""
    compression: float = 0.5
    """Share of the channels that a transition keeps (θ in the paper)."""
    stem: StemKind = "large"
    classes: int = 1000
    in_channels: int = 3
    dropout: float = 0.0
    """Before the classifier."""
    embedding: int = 0
    """Length of the embedding of a network that re-identifies; 0 for one that classifies."""
    pooling: PoolingKind = "average"

    def __post_init__(self) -> None:
        _whole("growth_rate", self.growth_rate)
        _blocks(self.blocks)
        _whole("stem_channels", self.stem_channels)
        _whole("bottleneck", self.bottleneck)
        _number("compression", self.compression, lambda value: 0 < value <= 1, _("numbers above 0, up to 1"))
        _one_of("stem", self.stem, get_args(StemKind))
        _ends(self)


@dataclass(frozen=True, kw_only=True)
class MLPSpec:
    """A residual network of linear layers on the pixels."""

    blocks: tuple[int, ...]
    """Blocks per stage."""
    widths: tuple[int, ...]
    """Features that leave each stage."""
    side: int = 32
    """Side in pixels that every image is averaged (or repeated) to before the first layer."""
    shortcut: ShortcutKind = "projection"
    classes: int = 1000
    in_channels: int = 3
    dropout: float = 0.0
    """Before the classifier."""
    embedding: int = 0
    """Length of the embedding of a network that re-identifies; 0 for one that classifies."""
    pooling: PoolingKind = "average"

    def __post_init__(self) -> None:
        _stages(self.blocks, self.widths)
        _whole("side", self.side)
        _one_of("shortcut", self.shortcut, ("projection", "identity", "none"))
        _ends(self)


Spec = ResNetSpec | DenseNetSpec | MLPSpec

FAMILIES: Final[Mapping[str, type[ResNetSpec] | type[DenseNetSpec] | type[MLPSpec]]] = {
    "resnet": ResNetSpec,
    "densenet": DenseNetSpec,
    "mlp": MLPSpec,
}


def to_dict(spec: Spec) -> dict[str, Any]:
    """The spec as JSON and TOML take it: its family, then every field, tuples as lists."""
    family = next(name for name, kind in FAMILIES.items() if isinstance(spec, kind))
    values = {
        name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(spec).items()
    }
    return {"family": family, **values}


def from_dict(values: Mapping[str, Any]) -> Spec:
    """The spec that `to_dict` wrote, or that a person wrote by hand; fields with a default may be left out.

    Raises ConfigError for an unknown family, an unknown, missing or unfit value.
    """
    given = dict(values)
    family = given.pop("family", None)
    if not isinstance(family, str):
        raise ConfigError(Text.joined(Text("the specification names no family."), nearest("", FAMILIES)))
    _one_of("family", family, tuple(FAMILIES))
    kind = FAMILIES[family]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in given:
        if name not in fields:
            raise ConfigError(
                Text.joined(
                    Text("family {family} has no value {given!r}.", family=family, given=name), nearest(name, fields)
                )
            )
    required = [name for name, field in fields.items() if field.default is dataclasses.MISSING]
    missing = [name for name in required if name not in given]
    if missing:
        raise ConfigError(Text("family {family} needs {missing}", family=family, missing=", ".join(missing)))
    fitting: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return kind(**fitting)


def _stages(blocks: tuple[int, ...], widths: tuple[int, ...]) -> None:
    _blocks(blocks)
    _counts("widths", widths)
    if len(blocks) != len(widths):
        raise ConfigError(
            Text(
                "blocks {blocks} and widths {widths}: give one number per stage in both",
                blocks=list(blocks),
                widths=list(widths),
            )
        )


def _blocks(blocks: tuple[int, ...]) -> None:
    _counts("blocks", blocks)
    if sum(blocks) > MOST_BLOCKS:
        raise ConfigError(
            Text(
                "blocks {blocks}: {count} in all; accepted are {most} or fewer",
                blocks=list(blocks),
                count=sum(blocks),
                most=MOST_BLOCKS,
            )
        )


def _ends(spec: Spec) -> None:
    _whole("classes", spec.classes)
    _whole("in_channels", spec.in_channels)
    _number("dropout", spec.dropout, lambda value: 0 <= value < 1, _("numbers from 0 up to, but not, 1"))
    if spec.embedding != 0:
        _whole("embedding", spec.embedding)
    _one_of("pooling", spec.pooling, get_args(PoolingKind))


def _counts(name: str, values: tuple[int, ...]) -> None:
    if not isinstance(values, tuple) or not 1 <= len(values) <= 64:
        raise ConfigError(
            Text(
                "{name} {given!r}: accepted is a list of 1 to 64 whole numbers, one per stage", name=name, given=values
            )
        )
    for value in values:
        _whole(name, value)


def _whole(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
        raise ConfigError(
            Text(
                "{name} {given!r}: accepted are whole numbers from 1 to {largest}",
                name=name,
                given=value,
                largest=LARGEST,
            )
        )


def _number(name: str, value: float, fits: Callable[[float], bool], accepted: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not fits(value):
        raise ConfigError(Text("{name} {given!r}: accepted are {accepted}", name=name, given=value, accepted=accepted))


def _one_of(name: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ConfigError(
            Text.joined(Text("{name} {given!r} is not known.", name=name, given=value), nearest(str(value), accepted))
        )
