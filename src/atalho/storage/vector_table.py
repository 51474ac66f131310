"""Vectors of images that were made before, by `atalho embed` or elsewhere: .csv, .npy with a .csv beside it, .parquet.

A row says the image's `path` and, where that is known, its `identity`, `camera` and `split`. The vector stands in
numbered columns of a .csv (`v0`, `v1`, …), in a row of the .npy, or in the list `vector` of a .parquet.
"""

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.data.decoding.parquet_rows import parquet_library
from atalho.data.layouts import csv_table
from atalho.errors import DataError
from atalho.storage import vector_file
from atalho.text import Text
from atalho.text.numbers import whole

_SAID: Final = ("identity", "label", "camera", "split", "sha256", "model")
_NUMBERED: Final = re.compile(r"(.*?)(0|[1-9][0-9]*)")
_AT_ONCE: Final = 1024
_Row = tuple[Mapping[str, str], Sequence[float] | NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class VectorTable:
    """N images with vectors (N,D); what a row does not say is empty. Rows without a vector are left out."""

    paths: tuple[str, ...]
    vectors: NDArray[np.float32]
    identities: tuple[str, ...]
    cameras: tuple[str, ...]
    splits: tuple[str, ...]
    digests: tuple[str, ...]
    models: frozenset[str]
    """The fingerprints of the models that made the vectors, as far as the file says."""


def is_named(path: Path | str) -> bool:
    """Whether `path` is a file that is called like vectors."""
    return os.fspath(path).lower().endswith(vector_file.SUFFIXES) and os.path.isfile(path)  # noqa: PTH113 (a text)


def read(path: Path) -> VectorTable:
    """The vectors of a file. Raises DataError where it is none, is too large, or has numbers that are not finite."""
    readers = {".csv": _csv, ".npy": _npy, ".parquet": _parquet}
    try:
        rows = list(readers[path.suffix.lower()](path))
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DataError("Cannot read {path}: {reason}", path=path, reason=reason) from error
    sizes = sorted({len(vector) for _said, vector in rows})
    if len(sizes) != 1 or not sizes[0]:
        raise DataError(
            "{path} needs vectors of one dimension; it has these: {sizes}.",
            path=path,
            sizes=", ".join(map(str, sizes[:5])) or Text("(none)"),
        )
    vectors = np.array([vector for _said, vector in rows], np.float32)
    if not np.isfinite(vectors).all():
        name = rows[int(np.flatnonzero(~np.isfinite(vectors).all(1))[0])][0]["path"]
        raise DataError("{path}: the vector of {name} has a number that is not finite.", path=path, name=name)
    said = [row for row, _vector in rows]
    column = {name: tuple(row.get(name, "") for row in said) for name in ("path", *_SAID)}
    identities = tuple(row.get("identity", "") or row.get("label", "") for row in said)
    models = frozenset(column["model"]) - {""}
    return VectorTable(column["path"], vectors, identities, column["camera"], column["split"], column["sha256"], models)


def _csv(path: Path) -> Iterator[_Row]:
    names = _numbered(path, csv_table.header(path))
    for line, row in csv_table.read_columns(path, ("path",), (*_SAID, *names)):
        cells = [row[name] for name in names]
        if any(cells):
            try:
                yield row, np.array(cells, np.float32)
            except ValueError as error:
                raise DataError("{where}: {reason}", where=csv_table.place(path, line), reason=error) from error


def _numbered(path: Path, header: Iterable[str]) -> list[str]:
    """The columns of the vector in their order: one name with the numbers from 0 or from 1."""
    stems: dict[str, list[int]] = {}
    for name in header:
        if found := _NUMBERED.fullmatch(name.strip().casefold()):
            stems.setdefault(found[1], []).append(int(found[2]))
    whole_stems = {
        stem: sorted(numbers)
        for stem, numbers in stems.items()
        if sorted(numbers) in ([*range(len(numbers))], [*range(1, len(numbers) + 1)])
    }
    if len(whole_stems) != 1:
        raise DataError(
            "{path}: a vector needs one series of numbered columns, such as v0, v1, …; {count} were found.",
            path=path,
            count=len(whole_stems),
        )
    ((stem, numbers),) = whole_stems.items()
    return [f"{stem}{number}" for number in numbers]


def _npy(path: Path) -> Iterator[_Row]:
    vectors = _array(path)
    beside = vector_file.list_beside(path)
    taken: set[int] = set()
    for place, (line, row) in enumerate(csv_table.read_columns(beside, ("path",), ("row", *_SAID))):
        if not (named := row.get("row", str(place))):
            continue
        number = int(named) if re.fullmatch("[0-9]{1,15}", named) else -1
        if not 0 <= number < len(vectors) or number in taken:
            raise DataError(
                "{where}: row {row} of {path}, which has {count}, is not there or is named twice.",
                where=csv_table.place(beside, line),
                row=named,
                path=path,
                count=whole(len(vectors)),
            )
        taken.add(number)
        yield row, vectors[number]
    if len(taken) != len(vectors):
        raise DataError(
            "{path} has {count} vectors and {beside} names {named}: they do not belong together.",
            path=path,
            count=whole(len(vectors)),
            beside=beside,
            named=whole(len(taken)),
        )


def _array(path: Path) -> NDArray[np.float32]:
    """The array (N,D) of a file, of which nothing is allocated that its size does not bear out."""
    with limits.open_regular(path, limits.ARRAYS) as file:
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(Text("not a .npy file of version 1 or 2"))
        shape, fortran, kind = readers[version](file)
        if len(shape) != 2 or kind.kind != "f" or kind.hasobject:
            raise ValueError(
                Text("expected an array (N, D) of real numbers, not {shape} of {kind}").format(shape=shape, kind=kind)
            )
        size = math.prod(shape) * kind.itemsize
        if os.fstat(file.fileno()).st_size - file.tell() != size:
            raise ValueError(Text("its size is not that of its shape"))
        content = file.read(size)
    array = np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")
    return array.astype(np.float32)


def _parquet(path: Path) -> Iterator[_Row]:
    arrow, parquet = parquet_library()
    with limits.open_regular(path, limits.ARRAYS) as file:
        try:
            yield from _record_batches(path, parquet.ParquetFile(file))
        except arrow.ArrowException as error:
            raise ValueError(str(error)) from error


def _record_batches(path: Path, file: Any) -> Iterator[_Row]:
    named = {name: column for column in file.schema_arrow.names if (name := column.casefold()) in ("path", *_SAID)}
    if "path" not in named or "vector" not in file.schema_arrow.names:
        raise DataError(
            "{path} has the columns {given}; required: {needed}; optional: {wanted}.",
            path=path,
            given=", ".join(file.schema_arrow.names[:20]) or Text("(none)"),
            needed="path,vector",
            wanted=",".join(_SAID),
        )
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    # What a file of a few bytes may unfold to.
    numbers = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    if 4 * numbers > limits.ARRAYS.bytes:
        raise ValueError(Text("more than {most} values").format(most=whole(limits.ARRAYS.bytes // 4)))
    for batch in file.iter_batches(_AT_ONCE, columns=[*named.values(), "vector"]):
        columns = batch.to_pydict()
        for place, vector in enumerate(columns["vector"]):
            said = {name: str(columns[column][place] or "") for name, column in named.items()}
            if vector is not None:
                yield said, np.array(vector, np.float32)
