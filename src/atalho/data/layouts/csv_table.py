"""A CSV file with the columns path,label[,split], parted by comma, semicolon or tab.

Paths are relative to the file's own folder.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from atalho.data.layouts.listing import Listing, split_name
from atalho.errors import DataError, nearest
from atalho.text import Text

_NEEDED: Final = ("path", "label")
_WANTED: Final = ("split",)
_DELIMITERS: Final = ",;\t"  # semicolons are what spreadsheets write where the comma is the decimal sign


def matches(path: Path, needed: Sequence[str] = _NEEDED) -> bool:
    """Whether the first line of a table names the columns that are needed."""
    try:
        with _open(path) as file:
            _columns(path, _header(file.readline())[1], needed, ())
    except (OSError, UnicodeDecodeError, csv.Error, DataError):
        return False
    return True


def read(path: Path) -> Listing:
    """One row per line. A path that does not exist is found by the survey, like any image that cannot be read."""
    listing = Listing(path.parent, "csv")
    for where, row in read_columns(path, _NEEDED, _WANTED):
        split = ""
        if "split" in row:
            split = split_name(row["split"]) or ""
            if not split:
                text = Text("{where}: unknown split {given}. {hint}")
                hint = nearest(row["split"], ("train", "val", "test"))
                raise DataError(text.format(where=where, given=repr(row["split"]), hint=hint))
        listing.add([row["path"]], row["label"], split)
    return listing


def read_columns(path: Path, needed: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[Text, dict[str, str]]]:
    """The columns of each line, by name, with the line's place for messages; no image stands in two lines.

    Of `wanted` only those that the table has; `needed` must not be empty. Raises DataError for a table that is none.
    """
    lines: dict[str, int] = {}
    try:
        with _open(path) as file:
            delimiter, header = _header(file.readline())
            columns = _columns(path, header, needed, wanted)
            for line, row in _rows(path, file, delimiter):
                if any(row):
                    where = Text("{path}, line {line}").format(path=path, line=line)
                    yield where, _row(where, path.parent, line, row, columns, needed, lines)
    except UnicodeDecodeError as error:
        text = Text("{path} is not text in UTF-8; save it as CSV UTF-8: {reason}")
        raise DataError(text.format(path=path, reason=error)) from error
    except OSError as error:
        raise DataError(Text("{path} cannot be read: {reason}", path=path, reason=error.strerror)) from error


def _open(path: Path) -> IO[str]:
    return path.open(encoding="utf-8-sig", newline="")


def _header(line: str) -> tuple[str, list[str]]:
    """What parts the values, by the first line, and the names there."""
    delimiter = max(_DELIMITERS, key=line.count)
    return delimiter, next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _rows(path: Path, file: IO[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header, each with the number of its last line."""
    rows = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for row in rows:
            yield rows.line_num + 1, row
    except csv.Error as error:
        where = Text("{path}, line {line}").format(path=path, line=rows.line_num + 1)
        text = Text("{where}: quotes must enclose a whole value, and be doubled within it: {reason}")
        raise DataError(text.format(where=where, reason=error)) from error


def _columns(path: Path, header: list[str], needed: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    names = [name.strip().casefold() for name in header]
    if not set(needed) <= set(names):
        text = Text("{path} has the columns {given}; needed are {needed} and, if wanted, {wanted}.")
        given = ", ".join(header) or Text("(none)")
        raise DataError(text.format(path=path, given=given, needed=",".join(needed), wanted=",".join(wanted)))
    return {name: names.index(name) for name in (*needed, *wanted) if name in names}


def _row(
    where: Text,
    root: Path,
    line: int,
    row: list[str],
    columns: dict[str, int],
    needed: Sequence[str],
    lines: dict[str, int],
) -> dict[str, str]:
    if len(row) <= max(columns.values()):
        text = Text("{where}: {count} values where {needed} are needed.")
        raise DataError(text.format(where=where, count=len(row), needed=max(columns.values()) + 1))
    cells = {name: row[place].strip() for name, place in columns.items()}
    if not all(cells[name] for name in needed):
        text = Text("{where}: {first} and {second} must not be empty.")
        raise DataError(text.format(where=where, first=needed[0], second=needed[1]))
    file = os.path.normpath(root / cells["path"])  # one file may be written in several ways
    if file in lines:
        text = Text("{where}: {name} stands in line {first} already; each image once.")
        raise DataError(text.format(where=where, name=cells["path"], first=lines[file]))
    lines[file] = line
    return cells
