"""The named networks: rows of data. No torch here, so that lists and help are immediate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from atalho.errors import ConfigError, nearest
from atalho.networks.plan import plan
from atalho.networks.spec import DenseNetSpec, Design, MLPSpec, ResNetSpec, Spec
from atalho.text import Text

# Networks for large images (He et al. 2015, table 1): depth → design, blocks per stage, output widths.
_NARROW: Final = (64, 128, 256, 512)
_WIDE: Final = (256, 512, 1024, 2048)
_IMAGENET: Final[Mapping[int, tuple[Design, tuple[int, ...], tuple[int, ...]]]] = {
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

# Huang et al. 2017, table 1, and the 48-wide network of its figure 3: growth rate, stem channels, layers per block.
_DENSENETS: Final = {
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}

# DenseNet-BC rows of Huang et al. 2017, table 2; any other valid (L, k) has a name too.
_DENSENETS_BC: Final = ((100, 12), (250, 24), (190, 40))

# Linear layers → blocks, all of one width: 2 per block, one before and one after.
_MLPS: Final = {6: 2, 10: 4, 18: 8, 34: 16}
_MLP_WIDTH: Final = 256

PREACTIVATION: Final[Mapping[Design, Design]] = {
    "basic": "preactivation-basic",
    "bottleneck": "preactivation-bottleneck",
}


def list_models(pattern: str = "*") -> list[str]:
    """The catalogue's names that match a shell pattern, in the catalogue's order.

    Raises ConfigError where nothing matches.
    """
    names = [name for name in _rows() if fnmatchcase(name, pattern)]
    if not names:
        raise ConfigError(
            Text.joined(
                Text("no network of the catalogue matches {given!r}.", given=pattern), nearest(pattern, _rows())
            )
        )
    return names


def spec(name: str) -> Spec:
    """The spec of a named network. Raises ConfigError with the nearest names for an unknown one."""
    row = _rows().get(name) or _densenet_bc(name)
    if row is None:
        raise ConfigError(
            Text.joined(
                Text("network {given!r} is not in the catalogue.", given=name),
                nearest(name, _rows()),
                Text("(`atalho models` lists all)"),
            )
        )
    return row


def depth(spec: Spec) -> int:
    """Weighted layers as the papers count them, the number in a network's name."""
    return plan(spec).depth


@cache
def _rows() -> Mapping[str, Spec]:
    residual = {
        **{f"resnet{depth}": _imagenet(depth) for depth in _IMAGENET},
        **{f"resnet{depth}": cifar(depth) for depth in _CIFAR},
    }
    preactivation = {
        name.replace("resnet", "preact"): replace(row, design=PREACTIVATION[row.design])
        for name, row in residual.items()
    }
    plain = {name.replace("resnet", "plain"): replace(row, shortcut="none") for name, row in residual.items()}
    wide = {f"wide_resnet{depth}_2": replace(_imagenet(depth), narrowing=2) for depth in _TWICE_AS_WIDE}
    densenets = {f"densenet{depth}": _densenet(*row) for depth, row in _DENSENETS.items()}
    bc = {f"densenet-bc-{depth}-{growth_rate}": _bc(depth, growth_rate) for depth, growth_rate in _DENSENETS_BC}
    mlps = {f"mlp{depth}": mlp(blocks) for depth, blocks in _MLPS.items()}
    plain_mlps = {f"plain{name}": replace(row, shortcut="none") for name, row in mlps.items()}
    return {**residual, **wide, **preactivation, **plain, **densenets, **bc, **mlps, **plain_mlps}


def _imagenet(depth: int) -> ResNetSpec:
    design, blocks, widths = _IMAGENET[depth]
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


def _densenet(growth_rate: int, stem_channels: int, blocks: tuple[int, ...]) -> DenseNetSpec:
    return DenseNetSpec(growth_rate=growth_rate, blocks=blocks, stem_channels=stem_channels)


def _densenet_bc(name: str) -> DenseNetSpec | None:
    parts = re.fullmatch(r"densenet-bc-([0-9]{1,5})-([0-9]{1,5})", name)
    if parts is None:
        return None
    depth, growth_rate = int(parts[1]), int(parts[2])
    if depth < 10 or (depth - 4) % 6 or growth_rate < 1:
        raise ConfigError(
            Text(
                "network {given!r}: densenet-bc-L-k needs L = 6n + 4 layers (10, 16, … 100, … 190, 250) "
                "and a growth rate k of 1 or more",
                given=name,
            )
        )
    return _bc(depth, growth_rate)


def _bc(depth: int, growth_rate: int) -> DenseNetSpec:
    # Stem, two transitions and classifier are 4 layers; the others are pairs, shared out over three blocks.
    layers = (depth - 4) // 6
    return DenseNetSpec(
        growth_rate=growth_rate, blocks=(layers,) * 3, stem_channels=2 * growth_rate, stem="small", classes=10
    )


def mlp(blocks: int) -> MLPSpec:
    """The residual network of so many blocks of linear layers, all of one width."""
    return MLPSpec(blocks=(blocks,), widths=(_MLP_WIDTH,), classes=10)
