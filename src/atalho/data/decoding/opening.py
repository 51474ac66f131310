"""An image file, opened and not yet decoded: told by its content, from a list of formats, and bounded.

The pixel limit and the scans of a JPEG are checked on the header; what is read after that is timed.
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
from typing import Any, Final, cast

from PIL import (  # the plugins, so that Pillow does not load all of its own
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)

from atalho.data.decoding.reasons import Reason, ReasonError, of_decoder, what_else
from atalho.text.numbers import whole

_PLUGINS: Final = (
    *(BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, PpmImagePlugin),
    *(TiffImagePlugin, WebPImagePlugin, AvifImagePlugin),
)
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "PPM")
_SCANS: Final = 20  # of a JPEG of any size; ten are usual
_SCANNED: Final = 2_000_000_000  # pixels times scans: some seconds
_SECONDS, _PIXELS_PER_SECOND = 10.0, 2_000_000  # of processor time for any image, and for a large one
_BLOCK: Final = 4096  # bytes between two looks at the clock
_NO_PILLOW: Final = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


def accepted_formats(tiff: bool, avif: bool) -> tuple[str, ...]:
    """Pillow's names of what is accepted."""
    return (*_FORMATS, *(("TIFF",) if tiff else ()), *(("AVIF",) if avif else ()))


def open_image(data: bytes, max_pixels: int, formats: Sequence[str]) -> Image.Image:
    """The image that `data` holds, of one of `formats`. Raises ReasonError where it is none or beyond a limit."""
    if not data:
        raise ReasonError(Reason.EMPTY.text())
    try:
        image = _identified(data, formats)
    except ReasonError:
        raise
    except Image.DecompressionBombError as error:
        raise ReasonError(Reason.BOMB.text(reason=error)) from error
    except Exception as error:  # plugins raise many kinds on hostile headers
        raise ReasonError(Reason.DAMAGED_HEADER.text(reason=of_decoder(error))) from error
    if image is None:
        raise ReasonError(what_else(data, formats))
    refuse_empty(image)
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


def refuse_empty(image: Image.Image) -> None:
    """ReasonError for an image without pixels."""
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


QUIET: Final = _Quiet()
