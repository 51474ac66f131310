"""From the bytes of an image file to pixels as a person sees them. Decoding is bounded and runs without torch.

Formats are told by content and from a list; the pixel limit is checked on the header, before anything is decoded.
A damaged or truncated image is an error, never half an image.
"""

import ctypes
import re
import struct
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL import (  # the plugins, so that Pillow does not load all of its own
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)

from atalho.data.decoding.reading import MAX_PIXELS, read_bytes
from atalho.data.decoding.reasons import Reason, ReasonError, UnreadableImageError, what_else
from atalho.data.decoding.traits import traits_of
from atalho.text import Text
from atalho.text.numbers import whole

_PLUGINS: Final = (
    *(BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, PpmImagePlugin),
    *(TiffImagePlugin, WebPImagePlugin, AvifImagePlugin),
)
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "PPM")
_GREY_MODES: Final = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_ORIENTATION: Final = 0x0112
_SMALLER_BY: Final = 2.0  # a JPEG is decoded at reduced size only down to this multiple of what is needed
_SCANS: Final = 20  # of a JPEG of any size; ten are usual
_SCANNED: Final = 2_000_000_000  # pixels times scans: some seconds
_SECONDS, _PIXELS_PER_SECOND = 10.0, 2_000_000  # of processor time for any image, and for a large one
_BLOCK: Final = 4096  # bytes between two looks at the clock
_NO_PILLOW: Final = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


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
    avif: bool = False,
    reduce_to: int | None = None,
) -> NDArray[np.uint8]:
    """(H, W, C) uint8, C = 1 (luma of ITU-R 601) or 3 (RGB): upright, on white where it was transparent.

    `reduce_to`: the shorter side that will be needed, in pixels; larger JPEGs may then be decoded at 1/2, 1/4 or 1/8.
    Raises UnreadableImageError (a DataError).
    """
    return _array(_picture(source, channels, max_pixels, _formats(tiff, avif), reduce_to))


def decode_square(
    source: Path | bytes,
    *,
    side: int,
    channels: int,
    max_pixels: int = MAX_PIXELS,
    tiff: bool = False,
    avif: bool = False,
) -> NDArray[np.uint8]:
    """(side, side, C) uint8: the middle square of the image, resized (bilinear, antialiased)."""
    return fit_square(_picture(source, channels, max_pixels, _formats(tiff, avif), side), side)


def square_of(image: Image.Image, *, side: int, channels: int) -> NDArray[np.uint8]:
    """As `decode_square`, of an image that is open already; it stays as it is."""
    try:
        _refuse_empty(image)
        with _quiet:
            return fit_square(_decode(image, channels, None), side)
    except ReasonError as error:
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


def read_header(
    data: bytes, *, max_pixels: int = MAX_PIXELS, tiff: bool = False, avif: bool = False, name: str = ""
) -> Header:
    """Size and kind from the first bytes; checks format and pixel limit. Raises UnreadableImageError."""
    try:
        with _quiet, _open(data, max_pixels, _formats(tiff, avif)) as image:
            return Header(*image.size, image.mode in _GREY_MODES, traits_of(image, data))
    except ReasonError as error:
        raise UnreadableImageError(name or Text("the image"), error.reason) from error


def _libtiff() -> list[Any]:
    """What sets libtiff's handlers of errors and warnings; nothing where Pillow has it under lock, or not at all."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(_imaging.__file__)
        setters = [library.TIFFSetErrorHandler, library.TIFFSetWarningHandler]
        for setter in setters:
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        return setters
    return []


_HANDLERS: Final = _libtiff()


class _Quiet:
    """While a thread is in it, Pillow warns of nothing: of palettes, EXIF and more is decided here.

    Nor does libtiff, which would write lines without the file's name; what is wrong is in the reason.

    A filter of this one kind comes before those of the process and goes with the last thread. `catch_warnings` would
    not do: threads that leave it in another order than they entered bring back filters of others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._handlers: list[int | None] = []

    def __enter__(self) -> None:
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                cast(list[Any], warnings.filters).insert(0, _NO_PILLOW)
                self._handlers = [setter(None) for setter in _HANDLERS]

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._threads -= 1
            if not self._threads:
                filters = cast(list[Any], warnings.filters)
                filters[:] = [entry for entry in filters if entry is not _NO_PILLOW]
                for setter, handler in zip(_HANDLERS, self._handlers, strict=True):
                    setter(handler)


_quiet: Final = _Quiet()


def _formats(tiff: bool, avif: bool) -> tuple[str, ...]:
    """Pillow's names of what is accepted."""
    return (*_FORMATS, *(("TIFF",) if tiff else ()), *(("AVIF",) if avif else ()))


def _picture(
    source: Path | bytes, channels: int, max_pixels: int, formats: Sequence[str], reduce_to: int | None
) -> Image.Image:
    try:
        data = source if isinstance(source, bytes) else read_bytes(source, max_pixels=max_pixels)
        with _quiet, _open(data, max_pixels, formats) as image:
            return _decode(image, channels, reduce_to)
    except ReasonError as error:
        name = Text("the image") if isinstance(source, bytes) else str(source)
        raise UnreadableImageError(name, error.reason) from error


def _open(data: bytes, max_pixels: int, formats: Sequence[str]) -> Image.Image:
    if not data:
        raise ReasonError(Reason.EMPTY.text())
    try:
        image = _identified(data, formats)
    except ReasonError:
        raise
    except Image.DecompressionBombError as error:
        raise ReasonError(Reason.BOMB.text(reason=error)) from error
    except Exception as error:  # plugins raise many kinds on hostile headers
        raise ReasonError(Reason.DAMAGED_HEADER.text(reason=error)) from error
    if image is None:
        raise ReasonError(what_else(data, formats))
    _refuse_empty(image)
    width, height = image.size
    if width * height > max_pixels:
        raise ReasonError(Reason.TOO_MANY_PIXELS.text(width=width, height=height, limit=max_pixels))
    if image.format in ("JPEG", "MPO"):
        _refuse_scans(data, width * height)
    return image


def _refuse_scans(data: bytes, pixels: int) -> None:
    """A progressive JPEG is decoded once for each scan, and a scan that is repeated takes few bytes."""
    # Where nothing but a scan begins so; thumbnails and further pictures in the file count too, which is a few more.
    scans = data.count(b"\xff\xda")
    if scans > _SCANS and scans * pixels > _SCANNED:
        raise ReasonError(Reason.TOO_MANY_SCANS.text(scans=whole(scans), pixels=whole(pixels)))


class _Timed(BytesIO):
    """The bytes of an image, which are no longer given when its decoding has taken too much processor time."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._begun, self.pixels = time.thread_time(), 0

    def read(self, size: int | None = -1, /) -> bytes:
        most = max(_SECONDS, self.pixels / _PIXELS_PER_SECOND)
        if time.thread_time() - self._begun > most:
            raise ReasonError(Reason.TOO_SLOW.text(seconds=whole(most)))
        return super().read(size)


def _refuse_empty(image: Image.Image) -> None:
    if min(image.size) < 1:
        raise ReasonError(Reason.NO_PIXELS.text())


def _identified(data: bytes, formats: Sequence[str]) -> Image.Image | None:
    """As `Image.open`, but without its pixel limit, which is one for the whole process and below what may be asked."""
    for name in formats:
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(data[:16]) is True:
            with suppress(SyntaxError, IndexError, TypeError, struct.error):  # how plugins say that it is not theirs
                image = factory(timed := _Timed(data), "")
                timed.pixels = image.width * image.height
                if name == "JPEG":
                    image.decodermaxblock = _BLOCK
                return image
    return None


def _decode(image: Image.Image, channels: int, reduce_to: int | None) -> Image.Image:
    try:
        if reduce_to is not None and image.format in ("JPEG", "MPO"):
            _reduce(image, reduce_to)
        image.load()
        return _upright(_as_seen(image, "L" if channels == 1 else "RGB"), _orientation(image))
    except ReasonError:
        raise
    except Exception as error:  # as above: whatever a codec raises means that the file is damaged
        raise ReasonError(Reason.DAMAGED.text(reason=error)) from error


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
        raise ReasonError(Reason.NO_BRIGHTNESS.text())
    elif image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which are stored inverted.
        image = ImageChops.invert(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = _on_white(image)
    return image if image.mode == mode else image.convert(mode)


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise ReasonError(Reason.BEYOND_16_BITS.text())
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if isinstance(clear := image.info.get("transparency"), int):
        # One of 65,536 values is transparent: among 256 it would be others too.
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)


def _array(picture: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(picture, dtype=np.uint8)
    return values[:, :, None] if values.ndim == 2 else values
