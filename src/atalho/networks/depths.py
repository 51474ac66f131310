"""Any depth of a family, also those that have no name in the catalogue. No torch here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, get_args

from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError, nearest
from atalho.locale import _
from atalho.networks import catalogue
from atalho.networks.choice import specify
from atalho.networks.spec import ResNetSpec, Spec

Family = Literal["resnet", "preact", "mlp"]

_IMAGENET: Final = (18, 34, 50, 101, 152)
_DEEPEST: Final = 1202


def by_depth(family: Family, depth: int, image_size: int) -> Spec:
    """The network with so many weighted layers, for images of `image_size` pixels.

    `resnet` and `preact`: 6n + 2 layers are the design for CIFAR (He et al. 2015, section 4.2), and 18, 34, 50, 101,
    152 those of the ImageNet table where they are no 6n + 2 or the images are large. `mlp`: 2n + 2 linear layers.
    Raises ConfigError for a depth that the family does not have.
    """
    if family not in get_args(Family):
        text = _("family {given!r} is not known.").format(given=family)
        raise ConfigError(f"{text} {nearest(family, get_args(Family))}")
    if family == "mlp":
        _check(family, depth, depth % 2 == 0, "4, 6, 8, …")
        return specify(catalogue.mlp((depth - 2) // 2), image_size=image_size)
    small = depth >= 8 and (depth - 2) % 6 == 0
    named = depth in _IMAGENET and (image_size > SMALL_IMAGE or not small)
    _check(family, depth, small or named, "8, 14, 20, 26, …, 18, 34, 101")
    spec = catalogue.spec(f"resnet{depth}") if named else catalogue.cifar(depth)
    return specify(_designed(spec, family), image_size=image_size)


def _designed(spec: Spec, family: Family) -> Spec:
    if family == "preact" and isinstance(spec, ResNetSpec):
        return replace(spec, design=catalogue.PREACTIVATION[spec.design])
    return spec


def _check(family: Family, depth: int, fits: bool, accepted: str) -> None:
    if not fits or not 4 <= depth <= _DEEPEST:
        raise ConfigError(
            _("depth {given}: family {family} has {accepted}, up to {most} layers").format(
                given=depth, family=family, accepted=accepted, most=_DEEPEST
            )
        )
