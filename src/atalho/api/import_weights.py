"""Bring in weights from elsewhere: a file of torchvision, timm or CIFAR layout becomes a model folder."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

from atalho import limits, networks
from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.data.preprocessing import LARGEST_SIDE, Preprocessing, stored_side
from atalho.errors import ConfigError, RunError
from atalho.networks import weights
from atalho.storage import foreign_file, model_folder
from atalho.storage.model_folder import Card
from atalho.text import _

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Grey images: the same as seen through the usual weights of red, green and blue in brightness.
_GREY_MEAN, _GREY_STD = (0.458,), (0.226,)


def import_file(
    file: Path | str,
    *,
    model: str,
    out: Path | str,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    classes: Path | str | None = None,
) -> Path:
    """Make a model folder of a file of weights in the layout of torchvision, timm or CIFAR.

    Parameters
    ----------
    file
        The weights, in safetensors or as `torch.save` writes them.
    model
        The network, by its name in the catalogue.
    out
        The model folder.
    mean, std
        What the weights expect; ImageNet's by default, as do most files in circulation.
    size
        The side of the images in pixels.
    stem, shortcut
        Where the weights differ from the catalogue's network.
    classes
        A text file with one name a line; by default the numbers from 0.

    Returns
    -------
    Path
        The model folder.

    Raises
    ------
    WeightsError
        The file does not fit the network.
    ConfigError
        A value is not accepted.

    Examples
    --------
    >>> atalho.import_file("weights.pth", model="resnet20", out="imported", size=32)
    """
    if size is not None and not 1 <= size <= LARGEST_SIDE:
        raise _refused("--size", size, _("from {low} to {high} pixels").format(low=1, high=LARGEST_SIDE))
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError("{path} already exists. Choose another --out.", path=target)
    state = foreign_file.read_state_dict(Path(file))
    found, channels = weights.shape_of_head(state), weights.shape_of_stem(state)
    names = _class_names(classes, found)
    mean = mean or (_GREY_MEAN if channels == 1 else IMAGENET_MEAN)
    std = std or (_GREY_STD if channels == 1 else IMAGENET_STD)
    _check_preprocessing(mean, std, channels)
    network = networks.create(model, classes=found, in_channels=channels, stem=stem, shortcut=shortcut)
    weights.import_weights(network, state)
    plan = network.spec.plan()
    side = plan.usual_side if size is None else size
    if side < plan.stride:
        raise _refused("--size", side, _("at least {low} for this network").format(low=plan.stride))
    card = Card(
        task="classification",
        spec=network.spec,
        classes=names,
        preprocessing=Preprocessing(
            size=side,
            resize=stored_side(side),
            channels=channels,  # type: ignore[arg-type]
            mean=tuple(mean),
            std=tuple(std),
        ),
        provenance={"imported_from": Path(file).name, "model": model},
    )
    model_folder.write(Path(os.path.realpath(target)), network.state_dict(), card)
    return target


def _class_names(path: Path | str | None, count: int) -> tuple[str, ...]:
    if path is None:
        return tuple(map(str, range(count)))
    try:
        lines = limits.read_text(path, limits.NAMES).splitlines()
        names = tuple(line.strip() for line in lines if line.strip())
    except (OSError, ValueError) as error:
        raise ConfigError("Cannot read {path} as class names: {reason}", path=path, reason=error) from error
    if len(names) != count or len(set(names)) != count:
        raise ConfigError(
            "{path} has {given} different class names, but the weights have {count} classes. Write one name per line.",
            path=path,
            given=len(set(names)),
            count=count,
        )
    return names


def _check_preprocessing(mean: Sequence[float], std: Sequence[float], channels: int) -> None:
    if channels not in (1, 3):
        raise ConfigError(
            "The weights are for images with {channels} channels, but model folders only support 1 or 3.",
            channels=channels,
        )
    for name, values in (("--mean", mean), ("--std", std)):
        if len(values) != channels:
            raise ConfigError(
                "{name} has {given} values, but the weights are for images with {channels} channels.",
                name=name,
                given=len(values),
                channels=channels,
            )
    if not all(map(math.isfinite, mean)):
        raise _refused("--mean", list(mean), _("numbers"))
    if not all(math.isfinite(value) and value > 0 for value in std):
        raise _refused("--std", list(std), _("numbers greater than 0"))


def _refused(name: str, given: object, wanted: str) -> ConfigError:
    return ConfigError("{name} {given} is not accepted: it must be {wanted}.", name=name, given=given, wanted=wanted)
