"""An image as a caller has it: a path, bytes, an open file, a PIL image, a NumPy array or a tensor, ready to decode."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from atalho.errors import DataError
from atalho.text import Text

_CHANNELS: Final = (1, 3, 4)
_BEYOND: Final = 1e-4
"""How far resizing and rounding may take a value out of 0 to 1."""


@runtime_checkable
class OpenFile(Protocol):
    """A file opened in binary mode, or what reads like one."""

    def read(self) -> Any:
        """Its bytes."""


ImageLike = str | os.PathLike[str] | bytes | bytearray | memoryview | OpenFile | Image.Image | NDArray[Any] | Tensor


def several(images: ImageLike | Iterable[ImageLike]) -> Iterable[Any]:
    """What a caller gave as one image or several, as several.

    An array (H,W) or (H,W,C) is one image, and so is a tensor (H,W) or (C,H,W); with four axes they are several. Raises
    DataError for an array of other axes, which may be one or several, and for what is neither.
    """
    if isinstance(images, np.ndarray | Tensor):
        if images.ndim == 4:
            return list(images)
        _refuse_shape(images)
        return [images]
    if isinstance(images, OpenFile):
        return [images]
    if isinstance(images, str | os.PathLike | bytes | bytearray | memoryview | Image.Image):
        return [images]
    if isinstance(images, Mapping) or not isinstance(images, Iterable):
        raise DataError(
            "Expected an image or a list of images, not {kind}. An image is a path, bytes, an open file, a PIL image, "
            "a NumPy array or a tensor.",
            kind=type(images).__name__,
        )
    return images


def name_of(image: ImageLike) -> str | None:
    """The path of an image, where that is what was given, or what an open file calls itself."""
    if isinstance(image, str | os.PathLike):
        return os.fspath(image)
    name = getattr(image, "filename" if isinstance(image, Image.Image) else "name", None)
    return name if isinstance(name, str) and name else None


def to_decode(image: ImageLike) -> Path | bytes | Image.Image:
    """The file, its content, or a picture whose pixels are known.

    An open file is read from its beginning where it can be. Values of an array or a tensor are uint8, or floats from 0
    to 1. Raises DataError for anything else.
    """
    if isinstance(image, Image.Image | bytes):
        return image
    if isinstance(image, str | os.PathLike):
        return Path(image)
    if isinstance(image, bytearray | memoryview):
        return bytes(image)
    if isinstance(image, Tensor):
        _refuse_shape(image)
        plain = image.detach().cpu()
        pixels = (plain.float() if plain.is_floating_point() else plain).numpy()
        return _picture(pixels.transpose(1, 2, 0) if pixels.ndim == 3 else pixels)
    if isinstance(image, np.ndarray):
        _refuse_shape(image)
        return _picture(image)
    if isinstance(image, OpenFile):
        return _content(image)
    raise DataError(
        "Unsupported image type {kind}: pass a path, bytes, an open file, a PIL image, a NumPy array or a tensor.",
        kind=type(image).__name__,
    )


def _content(file: OpenFile) -> bytes:
    if getattr(file, "closed", False):
        raise DataError("The file is closed. Pass it while it is open, or pass its path.")
    seekable = getattr(file, "seekable", None)
    if seekable is not None and seekable():
        file.seek(0)  # type: ignore[attr-defined]
    content = file.read()
    if not isinstance(content, bytes | bytearray | memoryview):
        raise DataError(
            "The file gives {kind} and not bytes. Open it in binary mode: open(path, 'rb').",
            kind=type(content).__name__,
        )
    return bytes(content)


def _refuse_shape(pixels: NDArray[Any] | Tensor) -> None:
    """Raises DataError where it is not (H,W) or, with 1, 3 or 4 channels, (H,W,C) in NumPy and (C,H,W) in PyTorch."""
    shape = tuple(pixels.shape)
    first = isinstance(pixels, Tensor)
    channels = shape[0 if first else -1] if len(shape) == 3 else 1
    if len(shape) in (2, 3) and channels in _CHANNELS and 0 not in shape:
        return
    turned = len(shape) == 3 and shape[-1 if first else 0] in _CHANNELS and 0 not in shape
    if first:
        expected = Text("expected (H, W) or (C, H, W) with 1, 3 or 4 channels.")
        remedy = Text("Channels last? Pass tensor.permute(2, 0, 1).")
    else:
        expected = Text("expected (H, W) or (H, W, C) with 1, 3 or 4 channels.")
        remedy = Text("Channels first? Pass array.transpose(1, 2, 0).")
    several_images = Text("Several images? Pass a list of them.")
    given = Text("Pixels of shape {shape} are not an image:", shape=shape)
    raise DataError(Text.joined(given, expected, remedy if turned else several_images))


def _picture(pixels: NDArray[Any]) -> Image.Image:
    """Pixels (H,W) or (H,W,C) as a picture. Raises DataError for values whose brightness is not known."""
    if np.issubdtype(pixels.dtype, np.floating):
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= -_BEYOND and high <= 1 + _BEYOND):
            raise DataError(
                "Floating-point pixels from {low} to {high} are not accepted: expected 0 to 1, or uint8 from 0 to 255. "
                "Divide values up to 255 by 255, and pass images before they are normalised.",
                low=format(low, "g"),
                high=format(high, "g"),
            )
        pixels = (pixels.clip(0, 1) * 255).round().astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise DataError(
            "Pixels of type {dtype} are not accepted: expected uint8 from 0 to 255, or floating-point values from 0 to "
            "1. Convert them to uint8.",
            dtype=pixels.dtype,
        )
    plain = np.ascontiguousarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    return Image.fromarray(plain)
