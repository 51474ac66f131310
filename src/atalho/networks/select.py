"""From what a person asks for to a spec: a name or a spec and what should differ from it, a depth, or a control.

No torch here.
"""

from dataclasses import replace
from typing import Final, Literal, get_args

from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError, nearest
from atalho.limits import LARGEST_SIDE
from atalho.networks import catalogue, mlp, resnet
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, Spec
from atalho.text import Text

Family = Literal["resnet", "preact", "mlp"]

_DEEPEST: Final = 1202
_FREE: Final = ("classes", "in_channels", "dropout", "stem", "side")
"""What differs between images and not between networks of one name."""


def specify(
    name: str | Spec,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    dropout: float | None = None,
    image_size: int | None = None,
) -> Spec:
    """The spec of a name (or the given one), changed where a value is given; see `networks.create`.

    Raises ConfigError for what is neither, and for values that do not go together.
    """
    if not isinstance(name, str | Spec):
        raise ConfigError("{given!r} is not a network. Give a name from the catalogue or a spec.", given=name)
    if image_size is not None and not 1 <= image_size <= LARGEST_SIDE:
        raise ConfigError(
            "image_size = {given!r} is not accepted: it must be from {least} to {most} pixels.",
            given=image_size,
            least=1,
            most=LARGEST_SIDE,
        )
    chosen = catalogue.spec(name) if isinstance(name, str) else name
    return replace(
        _with_shortcut(_for_pixels(chosen, stem, image_size), shortcut),
        classes=chosen.classes if classes is None else classes,
        in_channels=chosen.in_channels if in_channels is None else in_channels,
        dropout=chosen.dropout if dropout is None else dropout,
    )


def stem_advice(spec: Spec, image_size: int) -> Text | None:
    """A warning where the stem does not suit images of `image_size` pixels; None where it does."""
    if isinstance(spec, MLPSpec) or spec.stem.startswith("small") or image_size > SMALL_IMAGE:
        return None
    return Text(
        "stem 'large' on images of {size} pixels leaves little resolution for the blocks, which costs "
        "many points of accuracy; use stem 'small' for images up to {limit} pixels",
        size=image_size,
        limit=SMALL_IMAGE,
    )


def by_depth(family: Family, depth: int, image_size: int) -> Spec:
    """The network with so many weighted layers, for images of `image_size` pixels.

    `resnet` and `preact`: 6n + 2 layers are the design for CIFAR (He et al. 2015, section 4.2), and 18, 34, 50, 101,
    152 those of the ImageNet table where they are no 6n + 2 or the images are large. `mlp`: 2n + 2 linear layers.
    Raises ConfigError for a depth that the family does not have.
    """
    if family not in get_args(Family):
        known = nearest(family, get_args(Family))
        raise ConfigError(Text.joined(Text("unknown family {given!r}.", given=family), known))
    if family == "mlp":
        _check(family, depth, depth % 2 == 0, "4, 6, 8, …")
        return specify(mlp.mlp((depth - 2) // 2), image_size=image_size)
    small = depth >= 8 and (depth - 2) % 6 == 0
    named = depth in resnet.IMAGENET and (image_size > SMALL_IMAGE or not small)
    _check(family, depth, small or named, "8, 14, 20, 26, …, 18, 34, 101")
    spec = resnet.imagenet(depth) if named else resnet.cifar(depth)
    return specify(resnet.preactivation(spec) if family == "preact" else spec, image_size=image_size)


def twin(name: str, spec: Spec) -> tuple[str, Spec] | None:
    """The plain twin of a residual network, or the residual one of a plain network, and a name for it.

    They differ in the shortcuts alone. The catalogue's name where it has one, else the given one with what it is. None
    for a dense network: without its concatenations it would be another network in more than its shortcuts.
    """
    if isinstance(spec, DenseNetSpec):
        return None
    twins: list[ResNetSpec | MLPSpec] = [replace(spec, shortcut="none")]
    if spec.shortcut == "none":
        twins = [replace(spec, shortcut="projection")]
        if isinstance(spec, ResNetSpec):
            twins.insert(0, replace(spec, shortcut="zero-pad"))
    named = ((_name(other), other) for other in twins)
    otherwise = f"{name}-{'residual' if spec.shortcut == 'none' else 'plain'}", twins[0]
    return next(((known, other) for known, other in named if known is not None), otherwise)


def name_of(spec: Spec) -> str:
    """What the catalogue calls the backbone of a network, otherwise its family and depth, such as `resnet-8`."""
    backbone = replace(spec, embedding=0, pooling="average")
    if isinstance(backbone, ResNetSpec):
        backbone = replace(backbone, last_stride=2, halving="convolution")
    return _name(backbone) or f"{spec.family}-{spec.plan().depth}"


def _for_pixels(spec: Spec, stem: StemChoice, image_size: int | None) -> Spec:
    if isinstance(spec, MLPSpec):
        if stem != "auto":
            raise ConfigError("stem {given!r}: residual MLPs do not have this stem; leave it at auto", given=stem)
        return spec if image_size is None else replace(spec, side=min(image_size, SMALL_IMAGE))
    if stem != "auto":
        return replace(spec, stem=stem)  # type: ignore[arg-type]  # a DenseNet refuses those of some ResNets itself
    if image_size is None:
        return spec
    if image_size > SMALL_IMAGE:
        return replace(spec, stem="large")
    # Those with two convolutions count on them: nine layers are not eight.
    return spec if spec.stem == "small-double" else replace(spec, stem="small")


def _with_shortcut(spec: Spec, shortcut: ShortcutChoice) -> Spec:
    if shortcut == "auto":
        return spec
    if not isinstance(spec, ResNetSpec | MLPSpec):
        raise ConfigError(
            "shortcut {given!r}: a DenseNet concatenates and has no shortcuts; leave it at auto", given=shortcut
        )
    if spec.shortcut == "none" and shortcut != "none":
        raise ConfigError(
            "shortcut {given!r}: this is a plain network, which has no shortcuts; choose its residual twin",
            given=shortcut,
        )
    return replace(spec, shortcut=shortcut)  # type: ignore[arg-type]  # an MLP refuses zero-pad itself


def _check(family: Family, depth: int, fits: bool, accepted: str) -> None:
    if not fits or not 4 <= depth <= _DEEPEST:
        raise ConfigError(
            "depth {given}: accepted for family {family}: {accepted}, up to {most} layers",
            given=depth,
            family=family,
            accepted=accepted,
            most=_DEEPEST,
        )


def _name(spec: Spec) -> str | None:
    """The catalogue's name of a network, whatever its classes, channels, dropout and images."""
    free = {name: getattr(spec, name) for name in _FREE if hasattr(spec, name)}
    rows = ((name, catalogue.spec(name)) for name in catalogue.list_models())
    return next((name for name, row in rows if type(row) is type(spec) and replace(row, **free) == spec), None)
