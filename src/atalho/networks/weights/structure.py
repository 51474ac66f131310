"""Which network weights belong to, read off the shapes of a backbone by torchvision's names."""

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from atalho.blocks.kinds import ShortcutKind
from atalho.networks.densenet import DenseNetSpec
from atalho.networks.resnet import ResNetSpec
from atalho.networks.weights.layouts import unknown
from atalho.text import N_, Text


def spec_of(body: Mapping[str, Tensor]) -> ResNetSpec | DenseNetSpec:
    """The network of a backbone, with 1,000 classes. Raises WeightsError where it cannot be told."""
    for sign, what in _UNLIKE:
        if sign(body):
            raise unknown(body, Text(what))
    try:
        return _densenet(body) if any(name.startswith("features.") for name in body) else _resnet(body)
    except (LookupError, ValueError, ZeroDivisionError) as error:
        raise unknown(body) from error


def _is_preactivated(body: Mapping[str, Tensor]) -> bool:
    return "bn1.weight" not in body and "layer1.0.bn1.weight" in body and "conv1.weight" in body


def _is_grouped(body: Mapping[str, Tensor]) -> bool:
    middle = body.get("layer1.0.conv2.weight")
    return middle is not None and middle.ndim == 4 and middle.shape[0] != middle.shape[1]


# What shapes and missing names give away.
_UNLIKE: Final = (
    (_is_preactivated, N_("pre-activation blocks whose shortcuts take what is normalised (kuangliu)")),
    (_is_grouped, N_("grouped convolutions (ResNeXt)")),
)


def _resnet(body: Mapping[str, Tensor]) -> ResNetSpec:
    stages = _count(body, r"layer(\d+)\.")
    blocks = tuple(_count(body, rf"layer{stage}\.(\d+)\.", first=0) for stage in range(1, stages + 1))
    last = "conv3" if "layer1.0.conv3.weight" in body else "conv2"
    widths = tuple(body[f"layer{stage}.0.{last}.weight"].shape[0] for stage in range(1, stages + 1))
    middle = body["layer1.0.conv2.weight"].shape[0]
    stem = body["conv1.weight"]
    projected = any(".downsample." in name for name in body)
    fits: ShortcutKind = "projection" if projected or len(set(widths)) == 1 else "zero-pad"
    return ResNetSpec(
        design="bottleneck" if last == "conv3" else "basic",
        blocks=blocks,
        widths=widths,
        narrowing=widths[0] // middle if last == "conv3" else 4,
        stem="small" if stem.shape[-1] == 3 else "large",
        stem_channels=stem.shape[0],
        in_channels=stem.shape[1],
        shortcut=fits,
    )


def _densenet(body: Mapping[str, Tensor]) -> DenseNetSpec:
    stages = _count(body, r"features\.denseblock(\d+)\.")
    blocks = tuple(_count(body, rf"features\.denseblock{s}\.denselayer(\d+)\.") for s in range(1, stages + 1))
    first = "features.denseblock1.denselayer1"
    growth = body[f"{first}.conv2.weight"].shape[0]
    stem = body["features.conv0.weight"]
    compression = 0.5
    if stages > 1:
        kept, channels = body["features.transition1.conv.weight"].shape[:2]
        compression = kept / channels if int(channels * 0.5) != kept else 0.5
    return DenseNetSpec(
        growth_rate=growth,
        blocks=blocks,
        stem_channels=stem.shape[0],
        in_channels=stem.shape[1],
        bottleneck=body[f"{first}.conv1.weight"].shape[0] // growth,
        compression=compression,
        stem="small" if stem.shape[-1] == 3 else "large",
    )


def _count(body: Mapping[str, Tensor], pattern: str, first: int = 1) -> int:
    """How many numbers in a row, from `first`, the pattern finds in the names."""
    found = {int(match[1]) for name in body if (match := re.match(pattern, name))}
    if found != set(range(first, first + len(found))) or not found:
        raise ValueError(pattern)
    return len(found)
