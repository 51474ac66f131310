"""An image in a Parquet file, which is called FILE.parquet#ROW: its encoded bytes, as if it were a file of its own.

Rows are read forward and a few at a time, so that no row group is ever in memory as a whole. Reading in the order of
the rows reads a file once; a row out of order costs what lies before it in its row group.
"""

import os
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from atalho import limits
from atalho.errors import ConfigError, install
from atalho.text import Text
from atalho.text.numbers import whole

_NAME: Final = re.compile(r"(.+\.parquet)#(\d{1,12})", re.IGNORECASE | re.DOTALL)
_BINARY: Final = frozenset({"binary", "large_binary", "binary_view"})
_IMAGES: Final = ("image", "img", "picture", "photo", "imagem", "foto")
_AT_ONCE: Final = 8  # rows in memory
_OPEN: Final = 8  # files of a thread
_BUFFER: Final = 1 << 20


class ImageRow(NamedTuple):
    """A file and the row in it, counted from 0."""

    file: str
    row: int


def row_name(path: Path | str) -> ImageRow | None:
    """What the name of an image says where it is a row of a Parquet file; None for a file of its own."""
    match = _NAME.fullmatch(os.fspath(path))
    return None if match is None else ImageRow(match[1], int(match[2]))


def read_row(name: ImageRow) -> bytes | None:
    """The encoded image of a row, None where there is none. Raises OSError or ValueError for what cannot be read."""
    status = os.stat(name.file)  # noqa: PTH116 (for every image)
    signature = (status.st_size, status.st_mtime_ns, status.st_ino)
    files: dict[str, tuple[tuple[int, ...], _Rows]] = _thread.__dict__.setdefault("files", {})
    known = files.pop(name.file, None)
    if known is None or known[0] != signature:
        known = (signature, _Rows(name.file))
    while len(files) >= _OPEN:
        del files[next(iter(files))]  # the one used longest ago
    files[name.file] = known
    return known[1].read(name.row)


def parquet_library() -> tuple[Any, Any]:
    """The packages pyarrow and pyarrow.parquet. Raises ConfigError where they are not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(Text.joined(Text("Parquet files need an extra."), install("parquet"))) from None
    return pyarrow, pyarrow.parquet


def open_table(path: Path | str, texts: tuple[str, ...] = ()) -> Any:
    """A `ParquetFile` that says how many rows it has. Of the columns `texts` each different value is held once.

    Raises OSError or ValueError, also for more rows than `limits.PARQUET` allows.
    """
    arrow, parquet = parquet_library()
    limits.open_regular(path, limits.PARQUET).close()
    with damage():
        file = arrow.OSFile(os.fsencode(path))
        table = parquet.ParquetFile(file, buffer_size=_BUFFER, read_dictionary=list(texts))
    sizes = _row_groups(table)
    if min(sizes, default=0) < 0 or sum(sizes) != table.metadata.num_rows:
        raise ValueError(Text("its row groups do not have the rows that it declares"))
    if table.metadata.num_rows > limits.PARQUET.values:
        raise ValueError(Text("more than {most} rows").format(most=whole(limits.PARQUET.values)))
    return table


def _row_groups(table: Any) -> list[int]:
    """How many rows each row group has."""
    return [table.metadata.row_group(number).num_rows for number in range(table.metadata.num_row_groups)]


@contextmanager
def damage() -> Iterator[None]:
    """What pyarrow raises inside is a ValueError that says why."""
    arrow, _parquet = parquet_library()
    try:
        yield
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError((isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0]) from error


def image_column(schema: Any) -> str:
    """The column of a table that holds its images, as pyarrow names the bytes in it. Raises ValueError."""
    found = {field.name: place for field in schema if (place := _bytes_in(field)) is not None}
    named = next((found[name] for usual in _IMAGES for name in found if name.strip().casefold() == usual), None)
    if named is not None or len(found) == 1:
        return named or next(iter(found.values()))
    if found:
        text = Text("several columns may be the images ({names}); call the one to read image")
        raise ValueError(text.format(names=", ".join(found)))
    text = Text(
        "none of the columns {names} holds images as bytes: binary, or a struct with bytes as Hugging Face writes "
        "it. Paths of image files are read from a CSV file with path,label"
    )
    raise ValueError(text.format(names=", ".join(f"{field.name} ({field.type})" for field in schema)))


def _bytes_in(field: Any) -> str | None:
    """Where a column has bytes: in itself, or in the part of that name."""
    if str(field.type) in _BINARY:
        return str(field.name)
    arrow, _parquet = parquet_library()
    if not arrow.types.is_struct(field.type) or field.type.get_field_index("bytes") < 0:
        return None
    return f"{field.name}.bytes" if str(field.type.field("bytes").type) in _BINARY else None


class _Rows:
    """The images of one file, read forward as far as they are asked for."""

    def __init__(self, path: str) -> None:
        self._table = open_table(path)
        self._column = image_column(self._table.schema_arrow)
        sizes = _row_groups(self._table)
        self._count = sum(sizes)
        self._starts = list(accumulate(sizes, initial=0))
        self._group = -1
        self._first = 0
        self._batches: Iterator[Any] = iter(())
        self._images: Any = ()
        self._broken: ValueError | None = None
        """Why the group cannot be read beyond the images at hand."""

    def read(self, row: int) -> bytes | None:
        if row >= self._count:
            raise ValueError(
                Text("there is no row {row}: it has {count}, counted from 0").format(row=row, count=whole(self._count))
            )
        group = bisect_right(self._starts, row) - 1
        if group != self._group or row < self._first:
            self._group, self._first, self._images, self._broken = group, self._starts[group], (), None
            self._batches = self._table.iter_batches(
                _AT_ONCE, row_groups=[group], columns=[self._column], use_threads=False
            )
        while row >= self._first + len(self._images):
            self._advance()
        value = self._images[row - self._first].as_py()
        found: bytes | None = value["bytes"] if isinstance(value, dict) else value
        return found

    def _advance(self) -> None:
        if self._broken is None:
            self._first, self._images = self._first + len(self._images), ()
            try:
                with damage():
                    self._images = next(self._batches).column(0)
            except StopIteration:
                self._broken = ValueError(Text("its row groups do not have the rows that it declares"))
            except ValueError as error:
                self._broken = error
        if self._broken is not None:
            raise self._broken


_thread: Final = threading.local()
