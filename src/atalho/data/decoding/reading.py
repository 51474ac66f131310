"""The bytes of an image file, or of the image in a row of a table.

Nothing but a regular file of a plausible size is read, and nothing makes it wait.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atalho import system
from atalho.data.decoding.parquet_rows import ImageRow, read_row, row_name
from atalho.data.decoding.reasons import Reason, ReasonError, UnreadableImageError
from atalho.text import Text

MAX_PIXELS: Final = 50_000_000
"""Pixels of the largest image that is accepted, unless asked otherwise."""
_BYTES_PER_PIXEL: Final = 8  # 16-bit RGBA without compression: no file of an accepted size needs more


@dataclass(frozen=True)
class ReadingOptions:
    """What is accepted as an image, how many processes decode, and what becomes of images that cannot be read."""

    max_pixels: int = MAX_PIXELS
    tiff: bool = False
    avif: bool = False
    workers: int | None = None
    """Decoder processes; None: one for each core, and none for a few images."""
    skip_bad: bool = False
    """Leave out what cannot be read; it is refused else."""
    cache_gb: float = 4.0
    """The largest packed file; what needs more is decoded batch by batch."""


def read_bytes(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The content of a regular file, or of FILE.parquet#ROW the image in that row.

    A FIFO, device, folder or broken link is an error and never waits.
    """
    try:
        name = row_name(path)
        return _read(path, max_pixels) if name is None else _read_row(name, max_pixels)
    except ReasonError as error:
        raise UnreadableImageError(str(path), error.reason) from error


def _read(path: Path | str, max_pixels: int) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116 (for every file)
        if not stat.S_ISREG(status.st_mode):
            raise ReasonError(_kind(status.st_mode))
        if status.st_size == 0:
            raise ReasonError(Reason.EMPTY.text())
        _refuse_large(status.st_size, max_pixels)
        descriptor = os.open(path, os.O_RDONLY | system.NO_WAIT | system.CLOSED_IN_CHILDREN)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return file.read(status.st_size)
    except OSError as error:
        raise ReasonError(_not_opened(path, error)) from error
    except ValueError as error:  # a zero byte in the name
        raise ReasonError(Reason.CANNOT_OPEN.text(reason=error)) from error


def _read_row(name: ImageRow, max_pixels: int) -> bytes:
    try:
        data = read_row(name)
    except OSError as error:
        raise ReasonError(_not_opened(name.file, error)) from error
    except ValueError as error:
        raise ReasonError(Reason.TABLE.text(reason=error)) from error
    if data is None:
        raise ReasonError(Reason.NO_BYTES.text())
    _refuse_large(len(data), max_pixels)
    return data


def _refuse_large(size: int, max_pixels: int) -> None:
    if size > max_pixels * _BYTES_PER_PIXEL + (1 << 20):
        raise ReasonError(Reason.TOO_MANY_BYTES.text(size=size, limit=max_pixels))


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
