"""A CSV file with the columns path,label[,split]. Paths are relative to the file's own folder."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from atalho.data.layouts.listing import Listing, split_name
from atalho.errors import DataError, nearest
from atalho.locale import _

_COLUMNS: Final = ("path", "label", "split")


def read(path: Path) -> Listing:
    """One row per line. A path that does not exist is found by the survey, like any image that cannot be read."""
    listing = Listing(path.parent, "csv")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            columns = _columns(path, next(rows, []))
            lines: dict[str, int] = {}
            for row in rows:
                if any(row):
                    _add(listing, path, rows.line_num, row, columns, lines)
    except (UnicodeDecodeError, csv.Error) as error:
        text = _("{path} is not a CSV file in UTF-8: {reason}")
        raise DataError(text.format(path=path, reason=error)) from error
    except OSError as error:
        raise DataError(_("{path} cannot be read: {reason}").format(path=path, reason=error.strerror)) from error
    return listing


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
    if name in lines:
        text = _("{where}: {name} stands in line {first} already; each image once.")
        raise DataError(text.format(where=where, name=name, first=lines[name]))
    lines[name] = line
    split = ""
    if "split" in columns:
        given = row[columns["split"]]
        split = split_name(given) or ""
        if not split:
            text = _("{where}: unknown split {given}. {hint}")
            hint = nearest(given, ("train", "val", "test"))
            raise DataError(text.format(where=where, given=repr(given), hint=hint))
    listing.add([name], label, split)
