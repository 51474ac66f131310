"""Vectors of images that were made before, by `atalho embed` or elsewhere: .csv, .npy with a .csv beside it, .parquet.

A row says the image's `path` and, where that is known, its `identity`, `camera` and `split`. The vector stands in
numbered columns of a .csv (`v0`, `v1`, …), in a row of the .npy, or in the list `vector` of a .parquet.
"""

import math
import os
import re
from collections import Counter
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
_COLUMNS: Final = ("path", *_SAID)
_DIGITS: Final = "0123456789"
_MOST_DIGITS: Final = 9
_AT_ONCE: Final = 1024
_UNFOLDED: Final = 64 * limits.MB
"""What a compressed file may hold, in bytes, and beyond that 16 times its size: vectors hardly compress."""
_LENGTHS: Final = (1e-9, 1e15)
"""What the largest number of a vector may be so that its squares are exact enough in fp32."""
_Row = tuple[Mapping[str, str], NDArray[np.float32]]


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
    rows_of = {".csv": _csv, ".npy": _npy, ".parquet": _parquet}[vector_file.suffix_of(path)]
    try:
        rows = list(rows_of(path))
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
    vectors = np.array([vector for _said, vector in rows])
    if not np.isfinite(vectors).all():
        name = rows[int(np.flatnonzero(~np.isfinite(vectors).all(1))[0])][0]["path"]
        raise DataError("{path}: the vector of {name} has a number that is not finite.", path=path, name=name)
    # Only directions are compared.
    largest = np.abs(vectors).max(1)
    extreme = (largest > 0) & ((largest < _LENGTHS[0]) | (largest > _LENGTHS[1]))
    vectors[extreme] /= largest[extreme, None]
    said = [row for row, _vector in rows]
    _refuse_twice(path, [row["path"] for row in said])
    column = {name: tuple(row.get(name, "") for row in said) for name in _COLUMNS}
    identities = tuple(row.get("identity", "") or row.get("label", "") for row in said)
    models = frozenset(column["model"]) - {""}
    return VectorTable(column["path"], vectors, identities, column["camera"], column["split"], column["sha256"], models)


def _refuse_twice(path: Path, names: Sequence[str]) -> None:
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise DataError("{path} names {name} {count} times; list each image once.", path=path, name=name, count=count)


def _csv(path: Path) -> Iterator[_Row]:
    names = _numbered(path, csv_table.header(path))
    for line, row in csv_table.read_columns(path, ("path",), (*_SAID, *names)):
        cells = [row.pop(name) for name in names]
        if any(cells):
            try:
                yield row, _fp32(np.array(cells, np.float64))
            except ValueError as error:
                raise DataError("{where}: {reason}", where=csv_table.place(path, line), reason=error) from error


def _numbered(path: Path, header: Iterable[str]) -> list[str]:
    """The columns of the vector in their order: one name with the numbers from 0 or from 1."""
    stems: dict[str, list[int]] = {}
    for name in header:
        name = name.strip().casefold()
        # As many digits as a number has that does not begin with 0.
        number = name[len(name.rstrip(_DIGITS)) :]
        number = number.lstrip("0") or number[-1:]
        if 0 < len(number) <= _MOST_DIGITS:
            stems.setdefault(name.removesuffix(number), []).append(int(number))
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
        try:
            shape, fortran, kind = readers[version](file)
        except Exception as error:  # damaged bytes make a reader fail in any way at all
            raise ValueError(Text("its header is damaged")) from error
        if len(shape) != 2 or kind.kind != "f" or kind.hasobject:
            raise ValueError(
                Text("expected an array (N, D) of real numbers, not {shape} of {kind}").format(shape=shape, kind=kind)
            )
        size = math.prod(shape) * kind.itemsize
        if os.fstat(file.fileno()).st_size - file.tell() != size:
            raise ValueError(Text("its size is not that of its shape"))
        content = file.read(size)
    array = np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")
    return _fp32(array)


def _fp32(array: NDArray[Any]) -> NDArray[np.float32]:
    """As fp32; what is too large for it is infinite, and refused with what is not finite."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _parquet(path: Path) -> Iterator[_Row]:
    arrow, parquet = parquet_library()
    with limits.open_regular(path, limits.ARRAYS) as file:
        try:
            schema = parquet.ParquetFile(file).schema_arrow
            # A text that many rows share is read once.
            texts = [field.name for field in schema if arrow.types.is_string(field.type)]
            table = parquet.ParquetFile(file, read_dictionary=texts)
            yield from _record_batches(path, arrow, table, os.fstat(file.fileno()).st_size)
        except arrow.ArrowException as error:
            raise ValueError(str(error)) from error


def _record_batches(path: Path, arrow: Any, file: Any, size: int) -> Iterator[_Row]:
    schema = file.schema_arrow
    named = {name: column for column in schema.names if (name := column.casefold()) in _COLUMNS}
    if "path" not in named or "vector" not in schema.names:
        raise DataError(
            "{path} has the columns {given}; required: {needed}; optional: {wanted}.",
            path=path,
            given=", ".join(schema.names[:20]) or Text("(none)"),
            needed="path,vector",
            wanted=",".join(_SAID),
        )
    counts = Counter(name if name == "vector" else name.casefold() for name in schema.names)
    for name in (*named, "vector"):
        if counts[name] > 1:
            raise DataError("{path} has the column {name} twice: remove one.", path=path, name=name)
    kind = schema.field("vector").type
    if not (
        arrow.types.is_list(kind) or arrow.types.is_large_list(kind) or arrow.types.is_fixed_size_list(kind)
    ) or not (arrow.types.is_floating(kind.value_type) or arrow.types.is_integer(kind.value_type)):
        raise ValueError(Text("expected a list of real numbers in the column vector, not {kind}").format(kind=kind))
    for column in (*named.values(), "vector"):
        file.scan_contents([column])  # raises what a damaged file would otherwise end the process with
    _refuse_unfolding(file.metadata, min(limits.ARRAYS.bytes, _UNFOLDED + 16 * size))
    for batch in file.iter_batches(_AT_ONCE, columns=[*named.values(), "vector"]):
        batch.validate(full=True)
        columns = {name: _texts(arrow, name, batch.column(column)) for name, column in named.items()}
        vectors = batch.column("vector")
        for place, vector in enumerate(vectors):
            if vector.is_valid:
                said = {name: cells[place] for name, cells in columns.items()}
                yield said, _fp32(vector.values.to_numpy(zero_copy_only=False))


def _refuse_unfolding(metadata: Any, most: int) -> None:
    """Refuse a file of a few bytes that holds far more."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    held = max(
        sum(column.total_uncompressed_size for column in columns), 4 * sum(column.num_values for column in columns)
    )
    if held > most:
        raise ValueError(
            Text("it unfolds to {size} bytes, more than {most}").format(size=whole(held), most=whole(most))
        )


def _texts(arrow: Any, name: str, column: Any) -> list[str]:
    """The cells of a column as text, empty where they are null."""
    kind = column.type.value_type if arrow.types.is_dictionary(column.type) else column.type
    if not any(
        is_kind(kind) for is_kind in (arrow.types.is_string, arrow.types.is_large_string, arrow.types.is_integer)
    ):
        text = Text("expected text or whole numbers in the column {name}, not {kind}")
        raise ValueError(text.format(name=name, kind=kind))
    if not arrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = list(map(str, column.dictionary.to_pylist()))
    if any(len(os.fsencode(value)) > limits.NAME_BYTES for value in values):
        text = Text("a cell of the column {name} has more than {most} bytes")
        raise ValueError(text.format(name=name, most=whole(limits.NAME_BYTES)))
    return ["" if place is None else values[place] for place in column.indices.to_pylist()]
