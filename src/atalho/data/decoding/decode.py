"""From the bytes of an image file to pixels as a person sees them. Decoding is bounded and runs without torch.

Formats are told by content and from a list; the pixel limit is checked on the header, before anything is decoded.
A damaged or truncated image is an error, never half an image.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import warnings
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import (  # the plugins, so that Pillow does not load all of its own
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from atalho.data.decoding.reasons import Reason, what_else
from atalho.data.decoding.traits import traits_of
from atalho.errors import DataError
from atalho.text import Text

# Pillow warns of much that is decided here (palettes, EXIF); its warnings would reach the user untranslated. For good,
# because images are decoded in threads, and filters are of the whole process.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_PIXELS: Final = 50_000_000
_PLUGINS: Final = (BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_GREY_MODES: Final = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_BYTES_PER_PIXEL: Final = 8  # 16-bit RGBA without compression: no file of an accepted size needs more
_ORIENTATION: Final = 0x0112
_SMALLER_BY: Final = 2.0  # a JPEG is decoded at reduced size only down to this multiple of what is needed


class UnreadableImageError(DataError):
    """An image that cannot be read; `reason` says why, without its name."""

    def __init__(self, name: str | Text, reason: Text) -> None:
        super().__init__(Text("{name} cannot be read as an image: {reason}", name=name, reason=reason))
        self.reason = reason


class Header(NamedTuple):
    """What a file says of itself before it is decoded: pixels, whether it has no colour, its traits (`traits.py`)."""

    width: int
    height: int
    grey: bool
    traits: int


def decode(
    source: Path | bytes,
    *,
    channels: int,
    max_pixels: int = MAX_PIXELS,
    tiff: bool = False,
    reduce_to: int | None = None,
) -> NDArray[np.uint8]:
    """(H, W, C) uint8, C = 1 (luma of ITU-R 601) or 3 (RGB): upright, on white where it was transparent.

    `reduce_to`: the shorter side that will be needed, in pixels; larger JPEGs may then be decoded at 1/2, 1/4 or 1/8.
    Raises UnreadableImageError (a DataError).
    """
    return _array(_picture(source, channels, max_pixels, tiff, reduce_to))


def decode_square(
    source: Path | bytes, *, side: int, channels: int, max_pixels: int = MAX_PIXELS, tiff: bool = False
) -> NDArray[np.uint8]:
    """(side, side, C) uint8: the middle square of the image, resized (bilinear, antialiased)."""
    return fit_square(_picture(source, channels, max_pixels, tiff, side), side)


def square_of(image: Image.Image, *, side: int, channels: int) -> NDArray[np.uint8]:
    """As `decode_square`, of an image that is open already; it stays as it is."""
    try:
        _refuse_empty(image)
        return fit_square(_decode(image, channels, None), side)
    except _ReasonError as error:
        raise UnreadableImageError(Text("the image"), error.reason) from error


def fit_square(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    """The middle square of a grey or RGB picture, resized: the same as shorter side to `side`, then centre crop."""
    width, height = picture.size
    if (width, height) != (side, side):
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return _array(picture)


def read_header(data: bytes, *, max_pixels: int = MAX_PIXELS, tiff: bool = False, name: str = "") -> Header:
    """Size and kind from the first bytes; checks format and pixel limit. Raises UnreadableImageError."""
    try:
        with _open(data, max_pixels, tiff) as image:
            return Header(*image.size, image.mode in _GREY_MODES, traits_of(image, data))
    except _ReasonError as error:
        raise UnreadableImageError(name or Text("the image"), error.reason) from error


def read_bytes(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The content of a regular file. A FIFO, device, folder or broken link is an error and never waits."""
    try:
        return _read(path, max_pixels)
    except _ReasonError as error:
        raise UnreadableImageError(str(path), error.reason) from error


class _ReasonError(Exception):
    """Why an image cannot be read, before its name is known."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


def _picture(source: Path | bytes, channels: int, max_pixels: int, tiff: bool, reduce_to: int | None) -> Image.Image:
    try:
        data = source if isinstance(source, bytes) else _read(source, max_pixels)
        with _open(data, max_pixels, tiff) as image:
            return _decode(image, channels, reduce_to)
    except _ReasonError as error:
        name = Text("the image") if isinstance(source, bytes) else str(source)
        raise UnreadableImageError(name, error.reason) from error


def _read(path: Path | str, max_pixels: int) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116 (for every file)
        if not stat.S_ISREG(status.st_mode):
            raise _ReasonError(_kind(status.st_mode))
        if status.st_size == 0:
            raise _ReasonError(Reason.EMPTY.text())
        largest = max_pixels * _BYTES_PER_PIXEL + (1 << 20)
        if status.st_size > largest:
            raise _ReasonError(Reason.TOO_MANY_BYTES.text(size=status.st_size, limit=max_pixels))
        # O_NONBLOCK: should a FIFO take the file's place by now, opening it does not wait.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return file.read(status.st_size)
    except OSError as error:
        raise _ReasonError(_not_opened(path, error)) from error


def _kind(mode: int) -> Text:
    if stat.S_ISDIR(mode):
        return Reason.FOLDER.text()
    if stat.S_ISFIFO(mode):
        return Reason.PIPE.text()
    return Reason.DEVICE.text()


def _not_opened(path: Path | str, error: OSError) -> Text:
    if isinstance(error, FileNotFoundError):
        return (Reason.BROKEN_LINK if os.path.islink(path) else Reason.MISSING).text()  # noqa: PTH114
    if isinstance(error, PermissionError):
        return Reason.NO_RIGHT.text()
    if error.errno == errno.ELOOP:
        return Reason.LOOP.text()
    return Reason.CANNOT_OPEN.text(reason=error.strerror or error)


def _open(data: bytes, max_pixels: int, tiff: bool) -> Image.Image:
    if not data:
        raise _ReasonError(Reason.EMPTY.text())
    formats = (*_FORMATS, "TIFF") if tiff else _FORMATS
    try:
        image = _identified(data, formats)
    except Image.DecompressionBombError as error:
        raise _ReasonError(Reason.BOMB.text(reason=error)) from error
    except Exception as error:  # plugins raise many kinds on hostile headers
        raise _ReasonError(Reason.DAMAGED_HEADER.text(reason=error)) from error
    if image is None:
        raise _ReasonError(what_else(data, ", ".join(formats)))
    _refuse_empty(image)
    width, height = image.size
    if width * height > max_pixels:
        raise _ReasonError(Reason.TOO_MANY_PIXELS.text(width=width, height=height, limit=max_pixels))
    return image


def _refuse_empty(image: Image.Image) -> None:
    if min(image.size) < 1:
        raise _ReasonError(Reason.NO_PIXELS.text())


def _identified(data: bytes, formats: Sequence[str]) -> Image.Image | None:
    """As `Image.open`, but without its pixel limit, which is one for the whole process and below what may be asked."""
    for name in formats:
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(data[:16]) is True:
            with suppress(SyntaxError, IndexError, TypeError, struct.error):  # how plugins say that it is not theirs
                return factory(BytesIO(data), "")
    return None


def _decode(image: Image.Image, channels: int, reduce_to: int | None) -> Image.Image:
    try:
        if reduce_to is not None and image.format in ("JPEG", "MPO"):
            _reduce(image, reduce_to)
        image.load()
        return _upright(_as_seen(image, "L" if channels == 1 else "RGB"), _orientation(image))
    except _ReasonError:
        raise
    except Exception as error:  # as above: whatever a codec raises means that the file is damaged
        raise _ReasonError(Reason.DAMAGED.text(reason=error)) from error


def _reduce(image: Image.Image, reduce_to: int) -> None:
    scale = reduce_to * _SMALLER_BY / min(image.size)
    if scale <= 0.5:
        image.draft(None, (round(image.width * scale), round(image.height * scale)))


def _orientation(image: Image.Image) -> int:
    if "exif" not in image.info and image.format != "TIFF" and "Raw profile type exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # viewers show an image upright when its EXIF block is damaged
        return 1


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture


def _as_seen(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I"):
        image = _from_16_bit(image)
    elif image.mode == "F":
        raise _ReasonError(Reason.NO_BRIGHTNESS.text())
    elif image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which are stored inverted.
        image = ImageChops.invert(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = _on_white(image)
    return image if image.mode == mode else image.convert(mode)


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise _ReasonError(Reason.BEYOND_16_BITS.text())
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)


def _array(picture: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(picture, dtype=np.uint8)
    return values[:, :, None] if values.ndim == 2 else values
