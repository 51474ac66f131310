"""A table of images, in CSV or JSON lines, with the columns path,label[,split] under their usual names.

Paths are relative to the file's own folder; where nothing lies there, to the folder in it that holds such files
(`table_images`). Several tables called train, val and test are the splits.
"""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atalho import limits
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, list_folder
from atalho.data.layouts.split_names import split_name, split_roles
from atalho.data.layouts.table_images import places
from atalho.errors import DataError, nearest
from atalho.text import Text
from atalho.text.numbers import whole

_NEEDED: Final = ("path", "label")
_WANTED: Final = ("split",)
_SYNONYMS: Final = {
    "path": (
        *("image_path", "img_path", "file_path", "filepath", "file_name", "filename", "image", "image_name"),
        *("image_id", "img", "id", "caminho", "arquivo", "imagem"),
    ),
    "label": (
        *("class", "class_name", "category", "target", "breed", "species"),
        *("classe", "categoria", "rotulo", "rótulo", "especie", "espécie"),
    ),
}
_TABLES: Final = (".csv", ".tsv", ".jsonl")
_SHOWN: Final = 10  # of the columns, where they are named: some tables have one for each pixel
_DELIMITERS: Final = ",;\t"  # semicolons are what spreadsheets write where the comma is the decimal sign


def matches(path: Path, needed: Sequence[str] = _NEEDED) -> bool:
    """Whether the first line of a table names the columns that are needed."""
    try:
        with _open(path) as file:
            _columns(path, _header(next(file, ""))[1], needed, ())
    except (OSError, ValueError, csv.Error, DataError):
        return False
    return True


def header(path: Path) -> list[str]:
    """The names in the first line of a table. Raises OSError, or ValueError for what is none."""
    with _open(path) as file:
        return _header(next(file, ""))[1]


def tables_in(path: Path, folder: Folder) -> dict[str, str]:
    """The labelled tables that a folder's images are in, each with its split: several where they are called as splits.

    Raises DataError where several are not. A sample of what a competition wants back is none.
    """
    names = [name for name in folder.others if name.lower().endswith(_TABLES) and "submission" not in name.lower()]
    labelled = [name for name in names if matches(path / name) and _serves(path / name)]
    roles = split_roles(name.rpartition(".")[0] for name in labelled)
    divided = {name: role for name in labelled if (role := roles[name.rpartition(".")[0]])}
    if len(labelled) < 2 or (len(divided) > 1 and len(set(divided.values())) == len(divided)):
        return divided if len(labelled) > 1 else dict.fromkeys(labelled, "")
    text = Text("{path} holds several tables of images and labels ({names}): give the one to read: {path}/{name}.")
    raise DataError(text.format(path=path, names=", ".join(labelled), name=labelled[0]))


def tables_below(path: Path, folder: Folder) -> dict[str, str]:
    """The labelled tables in the split folders of a folder, each with its split (Hugging Face's imagefolder)."""
    roles = {name: split for name, split in split_roles(folder.folders).items() if split}
    return {
        f"{name}/{table}": split
        for name, split in roles.items()
        for table in tables_in(path / name, list_folder(path / name, classes=True))
    }


def read(path: Path) -> Listing:
    """One row per line. A path that does not exist is found by the survey, like any image that cannot be read."""
    return read_tables(path.parent, {path.name: ""})


def read_tables(root: Path, tables: Mapping[str, str]) -> Listing:
    """The rows of several tables, each of the split that goes with its name, unless a column says it."""
    listing = Listing(root, "csv")
    for table, of_table in tables.items():
        rows = list(read_columns(root / table, _NEEDED, _WANTED))
        below = table[: table.rfind("/") + 1]
        files = places(root / below, [row["path"] for _line, row in rows], of_table or "train")
        if files.said is not None:
            listing.notes.append(files.said.format(table=table))
        for line, row in rows:
            split = of_table
            if "split" in row:
                split = split_name(row["split"]) or ""
                if not split:
                    text = Text("{where}: unknown split {given}. {hint}")
                    hint = nearest(row["split"], ("train", "val", "test"))
                    where = place(root / table, line)
                    raise DataError(text.format(where=where, given=repr(row["split"]), hint=hint))
            listing.add([below + files.of(row["path"])], row["label"], split)
    _leave_test_alone(listing)
    return listing


def _serves(path: Path) -> bool:
    """Whether a table is about images that are there; one with the columns path and label is trusted."""
    with _open(path) as file:
        delimiter, header = _header(next(file, ""))
        if {*_NEEDED} <= {name.strip().casefold() for name in header}:
            return True
        columns = _columns(path, header, _NEEDED, ())
        try:
            first = next(csv.reader(file, delimiter=delimiter, skipinitialspace=True), [])
        except (ValueError, csv.Error):
            return False
    return len(first) > columns["path"] and places(path.parent, [first[columns["path"]].strip()], "train").there


def _leave_test_alone(listing: Listing) -> None:
    """Say so where a folder of test images is in no table."""
    folder = list_folder(listing.root, classes=True)
    used = {name.partition("/")[0] for name in listing.names}
    for name, split in split_roles(folder.folders).items():
        if split == "test" and name not in used and "test" not in listing.splits:
            listing.unlabelled.append("test")


def read_columns(
    path: Path, needed: Sequence[str], wanted: Sequence[str], blank: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """The columns of each line, by name, with the line's number for messages; no image stands in two lines.

    Of `wanted` only those that the table has; `needed` must not be empty, but for those that may be `blank`. Raises
    DataError for a table that is none.
    """
    lines: dict[str, int] = {}
    filled = [name for name in needed if name not in blank]
    try:
        with _open(path) as file:
            delimiter, header = _header(next(file, ""))
            columns = _columns(path, header, needed, wanted)
            for line, row in _rows(path, file, delimiter):
                if any(row):
                    if any(cell.strip() for cell in row[len(header) :]):
                        raise DataError(
                            "{where}: {count} values, but the first line names {named} columns. Put a value that "
                            "holds {mark} in quotes.",
                            where=place(path, line),
                            count=len(row),
                            named=len(header),
                            mark=repr(delimiter),
                        )
                    yield line, _row(path, line, row, columns, filled, lines)
    except UnicodeDecodeError as error:
        raise DataError("{path} is not UTF-8 text; save it as CSV UTF-8: {reason}", path=path, reason=error) from error
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DataError("Cannot read {path}: {reason}", path=path, reason=reason) from error


def place(path: Path, line: int) -> Text:
    """Where a row stands, for a message."""
    # The columns' names are a row of their own, which a table of JSON lines does not have.
    return Text("{path}, line {line}", path=path, line=line - (path.suffix.lower() == ".jsonl"))


@contextmanager
def _open(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a table in CSV, whatever it is in itself."""
    with io.TextIOWrapper(limits.open_regular(path, limits.TABLE), encoding="utf-8-sig", newline="") as file:
        lines = limits.lines(file)
        yield lines if path.suffix.lower() != ".jsonl" else _from_json_lines(path, lines)


def _from_json_lines(path: Path, lines: Iterator[str]) -> Iterator[str]:
    """A table of one JSON object a line as CSV, with the first object's names as its columns."""
    names: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError("{where}: not a JSON object.", where=Text("{path}, line {line}", path=path, line=number))
        names = names or list(row)
        if number == 1:
            yield _written(names)
        yield _written([str(row.get(name, "")) for name in names])


def _written(cells: Sequence[str]) -> str:
    made = io.StringIO()
    csv.writer(made).writerow(cells)
    return made.getvalue()


def _header(line: str) -> tuple[str, list[str]]:
    """What parts the values, by the first line, and the names there."""
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        return delimiter, next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error as error:  # a name of more characters than a value may have
        raise ValueError(str(error)) from error


def _rows(path: Path, lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header, each with the number of its last line. Quotes may spread a row over several."""
    characters = 0

    def counted() -> Iterator[str]:
        nonlocal characters
        for line in lines:
            characters += len(line)
            if characters > limits.ROW_CHARACTERS:
                raise ValueError(Text("a row has more than {most} characters", most=whole(limits.ROW_CHARACTERS)))
            yield line

    rows = csv.reader(counted(), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for row in rows:
            characters = 0
            yield rows.line_num + 1, row
    except csv.Error as error:
        where = Text("{path}, line {line}").format(path=path, line=rows.line_num + 1)
        text = Text("{where}: quotes must enclose a whole value and be doubled inside it: {reason}")
        raise DataError(text.format(where=where, reason=error)) from error


def _columns(path: Path, header: list[str], needed: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    names = [name.strip().casefold() for name in header]
    # By name, because a table may have a column for each pixel.
    first = {name: place for place, name in reversed([*enumerate(names)])}
    there = {name: named for name in (*needed, *wanted) if (named := _named(name, first)) is not None}
    if not set(needed) <= set(there):
        text = Text("{path} has the columns {given}; required: {needed}; optional: {wanted}.")
        shown = [*header[:_SHOWN], *(["…"] if len(header) > _SHOWN else [])]
        given = ", ".join(shown) or Text("(none)")
        raise DataError(text.format(path=path, given=given, needed=",".join(needed), wanted=",".join(wanted)))
    counts = Counter(names)
    twice = [named for named in there.values() if counts[named] > 1]
    if twice:
        raise DataError("{path} has the column {name} twice: remove one.", path=path, name=twice[0])
    return {name: first[named] for name, named in there.items()}


def _named(name: str, names: Container[str]) -> str | None:
    """What a table calls a column: as it is, or by another usual name."""
    return next((known for known in (name, *_SYNONYMS.get(name, ())) if known in names), None)


def _row(
    path: Path,
    line: int,
    row: list[str],
    columns: dict[str, int],
    needed: Sequence[str],
    lines: dict[str, int],
) -> dict[str, str]:
    if len(row) <= max(columns.values()):
        text = Text("{where}: {count} values, but {needed} are needed.")
        raise DataError(text.format(where=place(path, line), count=len(row), needed=max(columns.values()) + 1))
    cells = {name: row[column].strip() for name, column in columns.items()}
    if len(os.fsencode(cells["path"])) > limits.NAME_BYTES:
        raise DataError(
            "{where}: the path has more than {most} bytes.", where=place(path, line), most=whole(limits.NAME_BYTES)
        )
    if not all(cells[name] for name in needed):
        text = Text("{where}: {first} and {second} must not be empty.")
        raise DataError(text.format(where=place(path, line), first=needed[0], second=needed[-1]))
    # One file may be written in several ways.
    file = os.path.normpath(os.path.join(os.path.dirname(path), cells["path"]))  # noqa: PTH118, PTH120 (for every row)
    if file in lines:
        text = Text("{where}: {name} is already on line {first}; list each image once.")
        raise DataError(text.format(where=place(path, line), name=cells["path"], first=lines[file]))
    lines[file] = line
    return cells
