"""Vectors of images in a file for other programs: .csv, .npy with a list beside it, or .parquet.

Every image has its row, in the order given, also one that could not be read: it has a reason and no vector. The digest
and the model's fingerprint say of what a vector was made, and by what.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.parquet_rows import parquet_library
from atalho.errors import ConfigError
from atalho.storage import output

SUFFIXES: Final = (".csv", ".npy", ".parquet")
_ABOUT: Final = ("reason", "sha256", "model")
_GROUP: Final = 1024
"""Rows of a row group of Parquet."""


@dataclass(frozen=True, eq=False)
class ImageVector:
    """An image with its vector (D,) and the SHA-256 of its file; or the reason why there is no vector."""

    path: str
    vector: NDArray[np.float32] | None
    digest: str = ""
    reason: str = ""


def check(path: Path) -> None:
    """Raise before any work what `write` would raise: ConfigError, or RunError for what cannot be written."""
    suffix = suffix_of(path)
    if suffix == ".csv":
        output.refuse_other(path, "CSV (path,reason)")
    elif suffix == ".npy":
        output.refuse_other(list_beside(path), "CSV (path,row)")
        output.refuse_other(path, "NPY")
    else:
        parquet_library()
        output.refuse_other(path, "Parquet")


def suffix_of(path: Path) -> str:
    """What says the format of a file of vectors. Raises ConfigError for another name."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError("{path}: the name of a file of vectors ends in {names}.", path=path, names=" ".join(SUFFIXES))
    return suffix


def write(path: Path, batches: Iterable[Sequence[ImageVector]], dimension: int, model: str) -> None:
    """Write batches of vectors as they come; `model` is the fingerprint of what made them. Raises as `check`."""
    check(path)
    writers = {".csv": _write_csv, ".npy": _write_npy, ".parquet": _write_parquet}
    writers[path.suffix.lower()](path, batches, dimension, model)


def list_beside(path: Path) -> Path:
    """The table with the paths of a .npy file: it says which row of the file is an image's."""
    return path.with_suffix(".csv")


def _write_csv(path: Path, batches: Iterable[Sequence[ImageVector]], dimension: int, model: str) -> None:
    empty = [""] * dimension
    with output.opened(path, "CSV (path,reason)") as file:
        file.write(_csv([["path", *_ABOUT, *(f"v{place}" for place in range(dimension))]]))
        for batch in batches:
            numbers = (empty if row.vector is None else list(map(str, row.vector)) for row in batch)
            file.write(_csv([*_about(row, model), *cells] for row, cells in zip(batch, numbers, strict=True)))


def _write_npy(path: Path, batches: Iterable[Sequence[ImageVector]], dimension: int, model: str) -> None:
    count = 0
    with output.opened(list_beside(path), "CSV (path,row)") as table, output.opened(path, "NPY") as file:
        table.write(_csv([["path", "row", *_ABOUT]]))
        file.write(_npy_header(0, dimension))
        for batch in batches:
            for row in batch:
                name, *about = _about(row, model)
                table.write(_csv([[name, "" if row.vector is None else str(count), *about]]))
                if row.vector is not None:
                    file.write(row.vector.astype("<f4").tobytes())
                    count += 1
        file.seek(0)
        file.write(_npy_header(count, dimension))


def _npy_header(count: int, dimension: int) -> bytes:
    """As long for any count: the format leaves room for it."""
    header = io.BytesIO()
    about = {"descr": "<f4", "fortran_order": False, "shape": (count, dimension)}
    np.lib.format.write_array_header_1_0(header, about)
    return header.getvalue()


def _write_parquet(path: Path, batches: Iterable[Sequence[ImageVector]], dimension: int, model: str) -> None:
    arrow, parquet = parquet_library()
    text = arrow.string()
    schema = arrow.schema([*((name, text) for name in ("path", *_ABOUT)), ("vector", arrow.list_(arrow.float32()))])
    with output.opened(path, "Parquet") as file, parquet.ParquetWriter(file, schema) as table:
        for rows in _groups(batches):
            about = [[_utf8(cell) or None for cell in _about(row, model)] for row in rows]
            columns = [arrow.array(column, text) for column in zip(*about, strict=True)]
            vectors = arrow.array([row.vector for row in rows], schema.field("vector").type)
            table.write_batch(arrow.record_batch([*columns, vectors], schema=schema))


def _groups(batches: Iterable[Sequence[ImageVector]]) -> Iterator[list[ImageVector]]:
    group: list[ImageVector] = []
    for batch in batches:
        group += batch
        if len(group) >= _GROUP:
            yield group
            group = []
    if group:
        yield group


def _about(row: ImageVector, model: str) -> tuple[str, ...]:
    """What each format says of an image beside its vector."""
    return row.path, row.reason, row.digest, model if row.vector is not None else ""


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of a table. The bytes of a name that are no UTF-8 stay as they are."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue().encode(errors="surrogateescape")


def _utf8(cell: str) -> str:
    """The bytes of a name that are no UTF-8, which Parquet does not hold, as escapes."""
    return cell.encode(errors="backslashreplace").decode()
