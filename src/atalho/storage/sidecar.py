"""What lies beside weights and says how their images are prepared and what their classes are called.

Read are the files that timm and Hugging Face write, and the hyper-parameters and class names inside a training
checkpoint, as Lightning and many programs write them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from atalho import limits

FILES: Final = ("config.json", "preprocessor_config.json")
"""What timm and Hugging Face call them."""
_MEAN: Final = ("mean", "image_mean")
_STD: Final = ("std", "image_std")
_SIZE: Final = ("input_size", "crop_size", "size", "image_size", "img_size", "resolution")
_INTERPOLATION: Final = ("interpolation", "resample")
_CLASSES: Final = ("label_names", "id2label", "class_names", "class_to_idx", "idx_to_class", "classes", "labels")
_INSIDE: Final = ("pretrained_cfg", "hyper_parameters", "hparams")


@dataclass(frozen=True)
class Sidecar:
    """What one source says; None is what it does not say."""

    source: str
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    size: int | None = None
    resize: int | None = None
    """The shorter side before the crop."""
    interpolation: str | None = None
    """How images are resized, in the words of the source."""
    classes: tuple[str, ...] | None = None
    first_stride: bool | None = None
    """Whether bottlenecks have their stride in the first convolution."""


def beside(file: Path) -> Iterator[Sidecar]:
    """What the files beside the weights `file` say, as far as they can be read."""
    for name in FILES:
        try:
            values = limits.read_json(file.parent / name, limits.SMALL_JSON)
        except (OSError, ValueError):
            continue
        if isinstance(values, Mapping):
            yield from inside(values, name)


def inside(values: Mapping[Any, Any], source: str) -> Iterator[Sidecar]:
    """What a mapping says, and those in it that are known to say more."""
    for name in _INSIDE:
        if isinstance(values.get(name), Mapping):
            yield from inside(values[name], f"{source}: {name}")
    size = next(filter(None, (_side(values.get(name)) for name in _SIZE)), None)
    found = Sidecar(
        source,
        mean=next(filter(None, (_numbers(values.get(name)) for name in _MEAN)), None),
        std=next(filter(None, (_numbers(values.get(name)) for name in _STD)), None),
        size=size,
        resize=_resize(values, size),
        interpolation=_interpolation(values),
        classes=next(filter(None, (_names(values.get(name)) for name in _CLASSES)), None),
        first_stride=values.get("downsample_in_bottleneck") if values.get("model_type") == "resnet" else None,
    )
    if found != Sidecar(source):
        yield found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numbers(value: object) -> tuple[float, ...] | None:
    numbers = tuple(map(_number, value)) if isinstance(value, list | tuple) else ()
    return tuple(n for n in numbers if n is not None) if len(numbers) in (1, 3) and None not in numbers else None


def _side(value: object) -> int | None:
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("shortest_edge", "height") if name in value), None)
    if isinstance(value, list | tuple):
        value = value[-1] if value else None
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limits.LARGEST_SIDE
    return value if fits else None  # type: ignore[return-value]


def _resize(values: Mapping[Any, Any], size: int | None) -> int | None:
    """The shorter side before a crop of `size`, which is told as a share of it or beside it."""
    share = _number(values.get("crop_pct"))
    if share is None and "crop_size" in values:
        wanted = _side(values.get("size"))
    else:
        wanted = int(size / share) if size and share and 0.1 < share <= 1 else None
    return wanted if size and wanted and size <= wanted <= limits.LARGEST_RESIZE else None


def _interpolation(values: Mapping[Any, Any]) -> str | None:
    """Hugging Face writes the number that Pillow has for it."""
    value = next((values[name] for name in _INTERPOLATION if name in values), None)
    if isinstance(value, int) and not isinstance(value, bool) and value in set(Image.Resampling):
        return Image.Resampling(value).name.lower()
    return value.lower() if isinstance(value, str) else None


def _names(value: object) -> tuple[str, ...] | None:
    """Class names in the order of their numbers: a list, or numbers by name, or names by number."""
    if isinstance(value, Mapping) and value:
        numbered = {v: k for k, v in value.items()} if all(isinstance(v, int) for v in value.values()) else value
        try:
            ordered = {int(number): str(name) for number, name in numbered.items()}
        except (TypeError, ValueError):
            return None
        value = [ordered.get(number) for number in range(len(ordered))]
    if not isinstance(value, list | tuple) or not value or not all(isinstance(name, str) for name in value):
        return None
    if all(name == f"LABEL_{number}" for number, name in enumerate(value)):
        return None
    # ImageNet has two cranes.
    seen: dict[str, int] = {}
    for name in value:
        seen[name] = seen.get(name, 0) + 1
    return tuple(f"{name} ({place})" if seen[name] > 1 else name for place, name in enumerate(value))
