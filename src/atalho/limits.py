"""How large anything that is read may be, and the one way to open a file: a regular one, its size before its content.

Images have limits of their own (`data/decoding/reading.py`), in pixels; the numbers of a network too
(`networks/family.py`). SECURITY.md lists them all.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from atalho import system
from atalho.text import N_, Text
from atalho.text.numbers import whole


class Limit(NamedTuple):
    """The most that one kind of file may hold, in bytes and, of JSON, in values and in lists and objects."""

    bytes: int
    values: int = 0
    containers: int = 0


MB: Final = 2**20
GB: Final = 2**30

SETTINGS: Final = Limit(MB)
"""TOML: of a run, or of `--config` and a network's spec."""
SMALL_JSON: Final = Limit(32 * MB, 4_000_000, 400_000)
"""A model's card and threshold, checksums, a checkpoint's state, a run's provenance, network and times."""
LARGE_JSON: Final = Limit(2 * GB, 128_000_000, 8_000_000)
"""What grows with the images, the steps or the classes: a run's manifest, log, evaluation and verification."""
TENSORS: Final = Limit(64 * GB)
"""A file of weights or of a checkpoint. What a model folder may hold, its network says."""
NAMES: Final = Limit(32 * MB)
"""Class names, one a line."""
TABLE: Final = Limit(4 * GB)
"""A table of images, in CSV or JSON lines."""
ARRAYS: Final = Limit(4 * GB)
"""Images that one file holds together: IDX, CIFAR batches."""
PARQUET: Final = Limit(64 * GB, 16_000_000)
"""A table that holds images themselves, of which a few are in memory at a time; its rows."""
PICKLE: Final = Limit(GB, 2_000_000)
"""A pickle of CIFAR: bytes, and values that its instructions build."""

ANY: Final = Limit(2**63)
"""A file of which only the first bytes are read, or that is mapped."""

LARGEST_SIDE: Final = 4096
"""Pixels: a network for larger images is refused."""
LARGEST_RESIZE: Final = 2 * LARGEST_SIDE
ROW_CHARACTERS: Final = MB
"""A line, and a row that quotes spread over lines, of a table or of a list of names."""
NAME_BYTES: Final = 4096
"""A file's name with its folders, as Linux has it; also a label."""


def read(path: Path | str, limit: Limit) -> bytes:
    """The content of a regular file. Raises OSError, or ValueError for one of another kind or beyond its limit."""
    with open_regular(path, limit) as file:
        return file.read(os.fstat(file.fileno()).st_size)


def read_text(path: Path | str, limit: Limit) -> str:
    """As `read`, of UTF-8 with or without a byte order mark. UnicodeDecodeError is a ValueError too."""
    return read(path, limit).decode("utf-8-sig")


def read_json(path: Path | str, limit: Limit) -> Any:
    """As `read`, of JSON. Raises ValueError also where it is none or holds too much."""
    return parse_json(read(path, limit), limit)


def parse_json(content: bytes, limit: Limit) -> Any:
    """The value of `content`. Raises ValueError where it is no JSON or holds more than `limit` says."""
    check_json(content, limit)
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError(Text("lists or objects are nested too deeply")) from None


def check_json(content: bytes, limit: Limit) -> None:
    """Refuse JSON whose values would take far more memory than its bytes. Raises ValueError."""
    for found, most, text in (
        (content.count(b",") + content.count(b":"), limit.values, N_("more than {most} values")),
        (content.count(b"[") + content.count(b"{"), limit.containers, N_("more than {most} lists and objects")),
    ):
        if found > most:
            raise ValueError(Text(text, most=whole(most)))


def open_regular(path: Path | str, limit: Limit) -> BufferedReader:
    """A regular file, opened to be read in bytes. Raises OSError, or ValueError for another kind or beyond its limit.

    A named pipe, device or socket is never waited for, also where one takes the file's place in this instant.
    """
    _refuse(os.stat(path), limit)  # noqa: PTH116 (a name may be a text); before opening: some devices act on it
    descriptor = os.open(path, os.O_RDONLY | system.NO_WAIT | system.CLOSED_IN_CHILDREN)
    try:
        _refuse(os.fstat(descriptor), limit)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def lines(file: IO[str]) -> Iterator[str]:
    """The lines of a table or list, none longer than a row may be. Raises ValueError."""
    while line := file.readline(ROW_CHARACTERS + 1):
        if len(line) > ROW_CHARACTERS:
            raise ValueError(Text("a line has more than {most} characters", most=whole(ROW_CHARACTERS)))
        yield line


def _refuse(status: os.stat_result, limit: Limit) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ValueError(Text("a folder, not a file"))
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(Text("a named pipe, device or socket, not a file"))
    if status.st_size > limit.bytes:
        text = Text("{size} bytes are more than the limit of {most}")
        raise ValueError(text.format(size=whole(status.st_size), most=whole(limit.bytes)))
