"""A CSV file with the columns path,label[,split], parted by comma, semicolon or tab.

Paths are relative to the file's own folder.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from atalho.data.layouts.listing import Listing, split_name
from atalho.errors import DataError, nearest
from atalho.locale import _

_COLUMNS: Final = ("path", "label", "split")
_DELIMITERS: Final = ",;\t"  # semicolons are what spreadsheets write where the comma is the decimal sign


def matches(path: Path) -> bool:
    """Whether the first line of a table names the columns that are needed."""
    try:
        with _open(path) as file:
            _columns(path, _header(file.readline())[1])
    except (OSError, UnicodeDecodeError, csv.Error, DataError):
        return False
    return True


def read(path: Path) -> Listing:
    """One row per line. A path that does not exist is found by the survey, like any image that cannot be read."""
    listing = Listing(path.parent, "csv")
    try:
        with _open(path) as file:
            delimiter, header = _header(file.readline())
            columns = _columns(path, header)
            lines: dict[str, int] = {}
            for line, row in _rows(path, file, delimiter):
                if any(row):
                    _add(listing, path, line, row, columns, lines)
    except UnicodeDecodeError as error:
        text = _("{path} is not text in UTF-8; save it as CSV UTF-8: {reason}")
        raise DataError(text.format(path=path, reason=error)) from error
    except OSError as error:
        raise DataError(_("{path} cannot be read: {reason}").format(path=path, reason=error.strerror)) from error
    return listing


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
        where = _("{path}, line {line}").format(path=path, line=rows.line_num + 1)
        text = _("{where}: quotes must enclose a whole value, and be doubled within it: {reason}")
        raise DataError(text.format(where=where, reason=error)) from error


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    names = [name.strip().casefold() for name in header]
    missing = [name for name in ("path", "label") if name not in names]
    if missing:
        text = _("{path} has the columns {given}; needed are path,label and, if wanted, split.")
        raise DataError(text.format(path=path, given=", ".join(header) or _("(none)")))
    return {name: names.index(name) for name in _COLUMNS if name in names}


def _add(
    listing: Listing, path: Path, line: int, row: list[str], columns: dict[str, int], lines: dict[str, int]
) -> None:
    where = _("{path}, line {line}").format(path=path, line=line)
    if len(row) <= max(columns.values()):
        text = _("{where}: {count} values where {needed} are needed.")
        raise DataError(text.format(where=where, count=len(row), needed=max(columns.values()) + 1))
    name, label = row[columns["path"]].strip(), row[columns["label"]].strip()
    if not name or not label:
        raise DataError(_("{where}: path and label must not be empty.").format(where=where))
    file = os.path.normpath(listing.root / name)  # one file may be written in several ways
    if file in lines:
        text = _("{where}: {name} stands in line {first} already; each image once.")
        raise DataError(text.format(where=where, name=name, first=lines[file]))
    lines[file] = line
    split = ""
    if "split" in columns:
        given = row[columns["split"]]
        split = split_name(given) or ""
        if not split:
            text = _("{where}: unknown split {given}. {hint}")
            hint = nearest(given, ("train", "val", "test"))
            raise DataError(text.format(where=where, given=repr(given), hint=hint))
    listing.add([name], label, split)
