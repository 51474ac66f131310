"""A file that the user asks for by name: a page, drawing or vectors. What the name already is decides how to write it.

A link stays a link and what it leads to is written; a pipe or a character device, such as `/dev/stdout`, is written to;
a file of another kind is never overwritten, because it may be an image of the set that is examined.
"""

import errno
import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

from atalho.errors import ConfigError
from atalho.storage import atomic
from atalho.text import _

Kind = Literal["HTML", "SVG", "NPY", "CSV (path,row)", "CSV (path,reason)", "Parquet"]
_BEGINNING: Final = 1024
_BEGINS: Final = {
    "HTML": re.compile(rb"(\xef\xbb\xbf)?\s*(<!--|<!doctype\s+html|<html|$)", re.IGNORECASE),
    "SVG": re.compile(rb"(\xef\xbb\xbf)?\s*(<!--|<\?xml|<!doctype\s+svg|<svg|$)", re.IGNORECASE),
    "NPY": re.compile(rb"\x93NUMPY|$"),
    "CSV (path,row)": re.compile(rb"(\xef\xbb\xbf)?(path,row,|$)"),
    "CSV (path,reason)": re.compile(rb"(\xef\xbb\xbf)?(path,reason,|$)"),
    "Parquet": re.compile(rb"PAR1|$"),
}


def refuse_other(path: Path, kind: Kind) -> None:
    """ConfigError where `path` is a file of another kind, RunError where it is what cannot be written."""
    with atomic.writing(path):
        status = _status(path)
        if status is None or stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode):
            return
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, _("it is a folder; give the name of a file"))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, _("it is neither a file nor a pipe"))
        if _stream(status) is None and not _BEGINS[kind].match(_beginning(path)):
            raise ConfigError(
                "{path} is not {kind} and is not overwritten. Give another name, or remove it.", path=path, kind=kind
            )


def write_output(path: Path, content: bytes, kind: Kind) -> None:
    """Write `content`, a whole file of its `kind`, to `path`. Raises as `refuse_other` does, and RunError."""
    with opened(path, kind) as file:
        file.write(content)


@contextmanager
def opened(path: Path, kind: Kind) -> Iterator[IO[bytes]]:
    """A file to write and seek in, which becomes `path` when it is complete: nothing of it is there after an error.

    Raises as `refuse_other` does, and RunError.
    """
    refuse_other(path, kind)
    with atomic.writing(path):
        status = _status(path)
        if status is None or (stat.S_ISREG(status.st_mode) and _stream(status) is None):
            with atomic.replacing(Path(os.path.realpath(path))) as file:
                yield file
            return
        with tempfile.TemporaryFile() as whole:
            yield whole
            whole.seek(0)
            stream = _stream(status)
            target = path.open("wb", buffering=0) if stream is None else os.fdopen(os.dup(stream), "wb", buffering=0)
            with target, io.BufferedWriter(target) as written:
                shutil.copyfileobj(whole, written)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_BEGINNING)


def _stream(status: os.stat_result) -> int | None:
    """Standard output or standard error, where that is what a name leads to: a file is not replaced under it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            descriptor = stream.fileno()
            if os.path.samestat(status, os.fstat(descriptor)):
                stream.flush()
                return descriptor
        except (OSError, ValueError, AttributeError):  # closed, or no file of the system
            continue
    return None
