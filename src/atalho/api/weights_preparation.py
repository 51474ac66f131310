"""How images are prepared for foreign weights and what their classes are called: as given, as told, or as usual."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from atalho import limits
from atalho.api.imported import Assumed
from atalho.config import TaskName
from atalho.data import class_names
from atalho.data.decoding.fit import Fit, Interpolation
from atalho.data.preprocessing import stored_side
from atalho.errors import ConfigError
from atalho.limits import LARGEST_RESIZE
from atalho.networks.spec import Spec
from atalho.networks.weights import ForeignHead, Recognised
from atalho.storage.sidecar import Sidecar
from atalho.text import Text, _

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Grey images: the same as seen through the usual weights of red, green and blue in brightness.
GREY_MEAN, GREY_STD = (0.458,), (0.226,)
GIVEN: Final = Text("as given")
_IMAGENET_CLASSES: Final = 1000


class Preparation:
    def __init__(self, told: Sequence[Sidecar], channels: int) -> None:
        self._told, self._channels = told, channels

    def find(self, name: str, given: Any, usual: Any) -> Assumed:
        """A value of the preprocessing: as given, as a source says, or the usual one."""
        if given is not None:
            return Assumed(tuple(given) if isinstance(given, Sequence) else given, GIVEN)
        for one in self._told:
            value = getattr(one, name)
            if value is not None and (name == "size" or (len(value) == self._channels and max(value) <= 1)):
                return Assumed(value, Text("from {source}", source=one.source))
        if name == "size":
            return Assumed(usual, Text("assumed: what such a network is usually for"))
        return Assumed(usual, Text("assumed: ImageNet's, as most weights expect"))

    def resize(self, given: int | None, size: int) -> Assumed:
        """The shorter side before the crop of `size`."""
        if given is not None:
            if not size <= given <= LARGEST_RESIZE:
                wanted = _("from {low} to {high} pixels").format(low=size, high=LARGEST_RESIZE)
                raise refused("--resize", given, wanted)
            return Assumed(given, GIVEN)
        for one in self._told:
            if one.resize is not None and one.size == size:
                return Assumed(one.resize, Text("from {source}", source=one.source))
        return Assumed(stored_side(size), Text("assumed: what is usual for this size"))

    def interpolation(self, given: Interpolation | None) -> Assumed:
        """How images are resized."""
        if given is not None:
            return Assumed(given, GIVEN)
        for one in self._told:
            if one.interpolation in get_args(Interpolation):
                return Assumed(one.interpolation, Text("from {source}", source=one.source))
            if one.interpolation is not None:
                unknown = Text(
                    "assumed: {source} says {given!r}, which is unknown", source=one.source, given=one.interpolation
                )
                return Assumed(Fit.interpolation, unknown)
        return Assumed(Fit.interpolation, Text("assumed: as most weights expect"))


def buffers(found: Recognised) -> Iterator[Sidecar]:
    """Mean and deviation that fast-reid and others keep among the weights, of pixels from 0 to 255."""
    mean, std = (found.others.get(f"pixel_{name}") for name in ("mean", "std"))
    if mean is not None and std is not None and mean.numel() == std.numel() <= 3:
        values = [tuple(round(value / 255, 6) for value in t.flatten().tolist()) for t in (mean, std)]
        yield Sidecar(_("pixel_mean and pixel_std in the file"), values[0], values[1])


def names_of(
    given: Path | str | None, head: ForeignHead, spec: Spec, told: Sequence[Sidecar], task: TaskName
) -> Assumed:
    count = head.classes
    if given is not None:
        names = class_names.known(str(given)) if str(given) in class_names.KNOWN else _read_names(given)
        if len(names) != count or len(set(names)) != count:
            raise ConfigError(
                "{path} has {given} different class names, but the weights have {count} classes. Write one name per "
                "line.",
                path=given,
                given=len(set(names)),
                count=count,
            )
        return Assumed(names, GIVEN)
    if not count:
        return Assumed((), Text("without a classifier the model gives embeddings alone"))
    for one in told:
        if one.classes is not None and len(one.classes) == count == len(set(one.classes)):
            return Assumed(one.classes, Text("from {source}", source=one.source))
    if count == _IMAGENET_CLASSES and task == "classification" and spec.plan().stem.stride > 1:
        return Assumed(class_names.known("imagenet"), Text("assumed: 1,000 classes are ImageNet's"))
    known = {10: "cifar10", 100: "cifar100"}.get(count)
    hint = Text("numbers; if they are those of {name}: --classes {name}", name=known) if known else Text("numbers")
    return Assumed(tuple(map(str, range(count))), hint)


def _read_names(path: Path | str) -> tuple[str, ...]:
    try:
        lines = limits.read_text(path, limits.NAMES).splitlines()
        return tuple(line.strip() for line in lines if line.strip())
    except (OSError, ValueError) as error:
        raise ConfigError("Cannot read {path} as class names: {reason}", path=path, reason=error) from error


def check_statistics(mean: Sequence[float], std: Sequence[float], channels: int) -> None:
    if channels not in (1, 3):
        raise ConfigError(
            "The weights are for images with {channels} channels, but model folders only support 1 or 3.",
            channels=channels,
        )
    accepted: tuple[tuple[str, Sequence[float], str, Callable[[float], bool]], ...] = (
        (
            "--mean",
            mean,
            _("numbers from 0 to 1 (if yours are of pixels from 0 to 255, divide them by 255)"),
            _is_share,
        ),
        (
            "--std",
            std,
            _("numbers above 0, up to 1 (if yours are of pixels from 0 to 255, divide them by 255)"),
            _is_std,
        ),
    )
    for name, values, wanted, fits in accepted:
        if len(values) != channels:
            raise ConfigError(
                "{name} has {given} values, but the weights are for images with {channels} channels.",
                name=name,
                given=len(values),
                channels=channels,
            )
        if not all(map(fits, values)):
            raise refused(name, list(values), wanted)


def _is_share(value: float) -> bool:
    return 0 <= value <= 1


def _is_std(value: float) -> bool:
    return 0 < value <= 1


def refused(name: str, given: object, wanted: str) -> ConfigError:
    return ConfigError("{name} {given} is not accepted: it must be {wanted}.", name=name, given=given, wanted=wanted)
