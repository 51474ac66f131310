"""Parquet files that hold images themselves, as Hugging Face's data sets do: a column of images and one of labels.

Each image is named FILE.parquet#ROW and decoded from there (`decoding/parquet_rows.py`). Shards called as splits are
the splits, `train-00000-of-00002.parquet` or `train/0000.parquet`; a file alone, or shards of one split, are all data.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from atalho import limits
from atalho.data.decoding.parquet_rows import ImageRow, damage, image_column, open_table, read_row
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import split_name, split_roles
from atalho.data.manifest import bytewise
from atalho.errors import DataError, nearest
from atalho.text import Text
from atalho.text.numbers import whole

SUFFIX: Final = ".parquet"
Roles = Callable[[Sequence[str]], Mapping[str, str | None]]
_LABELS: Final = (
    *("label", "labels", "class", "class_name", "category", "target", "breed", "species"),
    *("classe", "categoria", "rotulo", "rótulo", "especie", "espécie"),
)
_SHARD: Final = re.compile(r"(^|[-_.])\d+(-of-\d+(-[0-9a-f]+)?)?$")
_FEW: Final = 10
_LOOKED_AT: Final = 3  # rows
_AT_ONCE: Final = 1 << 16
_TEXTS: Final = ("string", "large_string")
_UNKNOWN: Final = -1
"""What Hugging Face writes in a column of classes where nobody knows the class."""


class Row(NamedTuple):
    """An image in row `number` of the file `name`; its split is None where no column says it, "" in a blank cell."""

    name: str
    number: int
    label: str
    camera: str
    split: str | None

    @property
    def image(self) -> str:
        """The image's name."""
        return f"{self.name}#{self.number}"


@dataclass(frozen=True)
class Columns:
    """Which columns are read: the one with labels, which `option` chooses, and by its name the one with cameras."""

    label: str | None
    usual: Sequence[str]
    option: str
    camera: str | None = None


@dataclass(frozen=True)
class Tables:
    """Parquet files below `root`, each with its split, "" where that is all data."""

    root: Path
    splits: dict[str, str]
    notes: tuple[Text, ...] = ()

    def rows(self, columns: Columns) -> Iterator[Row]:
        """Every row of every file. Raises DataError for a table that has no images or labels."""
        count = 0
        for name in self.splits:
            for row in _rows(self.root, name, columns):
                yield row
                count += 1
            if count > limits.PARQUET.values:
                text = Text("{path}: its files have more than {most} rows together.")
                raise DataError(text.format(path=self.root, most=whole(limits.PARQUET.values)))

    def where(self, row: Row) -> Text:
        """Where a row stands, for a message."""
        return Text("{path}, row {row}", path=self.root / row.name, row=row.number)


def find(path: Path, roles: Roles = split_roles) -> Tables | None:
    """The Parquet files that are the data set at `path`; None where it is none, or has image files too.

    Raises DataError where they are several data sets.
    """
    if path.name.lower().endswith(SUFFIX) and os.path.isfile(path):  # noqa: PTH113 (no error for an odd name)
        return Tables(path.parent, {path.name: ""})
    names = _below(path) if os.path.isdir(path) else []  # noqa: PTH112
    if not names:
        return None
    folders = list(dict.fromkeys(name.rpartition("/")[0] for name in names))
    if len(folders) > 1:
        of_folder = roles([folder.rpartition("/")[2] for folder in folders])
        found = {name: of_folder[name.rpartition("/")[0].rpartition("/")[2]] for name in names}
        if not all(found.values()) or len({folder.rpartition("/")[0] for folder in folders}) > 1:
            text = Text("{path} holds several sets of Parquet files ({names}): give the one to read.")
            raise DataError(text.format(path=path, names=", ".join(folder or "." for folder in folders)))
    else:
        stems = {name: _SHARD.sub("", Path(name).stem) for name in names}
        of_stem = roles(list(dict.fromkeys(stems.values())))
        found = {name: of_stem[stem] for name, stem in stems.items()}
    return _divided(path, found)


def _divided(path: Path, found: Mapping[str, str | None]) -> Tables:
    """The files with their splits; without those of none, where there are others."""
    if len(set(found.values())) == 1:
        return Tables(path, dict.fromkeys(found, ""))
    notes = [
        Text("the file {name} is none of train, val, test: left out").format(name=name)
        for name, split in found.items()
        if split is None
    ]
    return Tables(path, {name: split for name, split in found.items() if split}, tuple(notes))


def _below(path: Path) -> list[str]:
    """The Parquet files in a folder and up to two below it; none where there are images too."""
    top = list_folder(path, classes=True)
    if top.images or len(top.folders) > _FEW:
        return []
    names = _named(top, "")
    for below in top.folders:
        inside = list_folder(path / below, classes=True)
        if inside.images:
            return []
        names += _named(inside, f"{below}/")
        for deeper in inside.folders[:_FEW]:
            names += _named(list_folder(path / below / deeper), f"{below}/{deeper}/")
    if names and any(images_below(path, below)[0] for below in top.folders):
        return []
    return sorted(names, key=bytewise)


def _named(folder: Folder, below: str) -> list[str]:
    return [f"{below}{name}" for name in folder.others if name.lower().endswith(SUFFIX)]


def read(tables: Tables, column: str | None) -> Listing:
    """One row per image, with the class that `column` says, or else the one with a usual name for it."""
    listing = Listing(tables.root, "parquet", notes=list(tables.notes))
    unlabelled: dict[str, Row] = {}  # the first of each split
    for row in tables.rows(Columns(column, _LABELS, "--data.class")):
        split = tables.splits[row.name] if row.split is None else split_name(row.split)
        if split is None:
            text = Text("{where}: unknown split {given}. {hint}")
            hint = nearest(row.split or "", ("train", "val", "test"))
            raise DataError(text.format(where=tables.where(row), given=repr(row.split), hint=hint))
        if row.label:
            listing.add([row.image], row.label, split)
        else:
            unlabelled.setdefault(split, row)
    if partly := [row for split, row in unlabelled.items() if split in listing.splits or not split]:
        raise DataError("{where}: the label is missing.", where=tables.where(partly[0]))
    listing.unlabelled += unlabelled
    return listing


def _rows(root: Path, name: str, asked: Columns) -> Iterator[Row]:
    path = root / name
    try:
        table = open_table(path)
        schema = table.schema_arrow
        _refuse_paths(path, image_column(schema))
        named = _class_names(schema)
        label = _label_column(path, schema, asked, named)
        wanted = {"label": label, "camera": asked.camera or "", "split": "split"}
        wanted = {cell: column for cell, column in wanted.items() if column in schema.names}
        texts = tuple(column for column in wanted.values() if str(schema.field(column).type) in _TEXTS)
        table = open_table(path, texts)
        row = 0
        with damage():
            for batch in table.iter_batches(_AT_ONCE, columns=list(wanted.values()), use_threads=False):
                cells = {cell: _texts(batch.column(column), column) for cell, column in wanted.items()}
                empty = [""] * batch.num_rows
                cameras, splits = cells.get("camera", empty), cells.get("split", [None] * batch.num_rows)
                for label_, camera, split in zip(cells["label"], cameras, splits, strict=True):
                    said = label_ if label not in named else _class(path, row, label_, named[label])
                    yield Row(name, row, said, camera, split)
                    row += 1
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DataError("Cannot read {path}: {reason}", path=path, reason=reason) from error


def _texts(column: Any, name: str) -> list[str]:
    """A column's values as texts. Raises ValueError for those that are no names."""
    kind = str(column.dictionary.type if hasattr(column, "dictionary") else column.type)
    if kind not in (*_TEXTS, "bool", "null") and not re.fullmatch("u?int(8|16|32|64)", kind):
        text = Text("the column {name} has the type {kind}; expected whole numbers or text")
        raise ValueError(text.format(name=name, kind=column.type))
    if not hasattr(column, "dictionary"):
        return ["" if value is None else str(value) for value in column.to_pylist()]
    values = ["" if value is None else str(value).strip() for value in column.dictionary.to_pylist()]
    if any(len(os.fsencode(value)) > limits.NAME_BYTES for value in values):
        text = Text("a value in the column {name} has more than {most} bytes")
        raise ValueError(text.format(name=name, most=whole(limits.NAME_BYTES)))
    return ["" if index is None else values[index] for index in column.indices.to_pylist()]


def _class(path: Path, row: int, given: str, names: Sequence[str]) -> str:
    """The name of a numbered class, "" where the number says that nobody knows it."""
    number = int(given or _UNKNOWN)
    if not _UNKNOWN <= number < len(names):
        raise DataError(
            "{where}: label {label}, but the file names {count} classes.",
            where=Text("{path}, row {row}", path=path, row=row),
            label=given,
            count=len(names),
        )
    return "" if number == _UNKNOWN else names[number]


def _class_names(schema: Any) -> dict[str, list[str]]:
    """The names of the classes in each column that has numbers for them, as Hugging Face notes them in the file."""
    try:
        about = limits.parse_json((schema.metadata or {}).get(b"huggingface", b"{}"), limits.SMALL_JSON)
        features = about.get("info", {}).get("features", {})
        named = {column: feature["names"] for column, feature in features.items() if "names" in feature}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(Text("the features that Hugging Face notes in it are damaged")) from error
    for column, names in named.items():
        fits = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
        if not fits or len(set(names)) != len(names):
            raise ValueError(Text("the class names of {column} are damaged").format(column=column))
    return named


def _label_column(path: Path, schema: Any, asked: Columns, named: Mapping[str, object]) -> str:
    """The column that was asked for; or else that of a usual name, or the only one with class names."""
    names: list[str] = list(schema.names)
    wanted = asked.usual if asked.label is None else (asked.label,)
    found = [name for usual in wanted for name in names if usual in (name, name.strip().casefold())]
    if not found and wanted is _LABELS and len(named) == 1:
        found = [name for name in names if name in named]
    if not found:
        text = Text("{path} has the columns {given}, and none called {needed}: choose one with {option} COLUMN.")
        shown = ", ".join(names)
        raise DataError(text.format(path=path, given=shown, needed=repr(wanted[0]), option=asked.option))
    if names.count(found[0]) > 1:
        raise DataError("{path} has the column {name} twice: remove one.", path=path, name=found[0])
    return found[0]


def _refuse_paths(path: Path, image: str) -> None:
    """Hugging Face writes paths, and null for bytes, where a data set is saved without its images."""
    # Not by the statistics in the file: pyarrow ends the whole process where those are damaged.
    with suppress(ValueError):  # of a row that cannot be read, which the survey says
        if "." in image and all(read_row(ImageRow(str(path), row)) is None for row in range(_LOOKED_AT)):
            raise DataError(
                "{path} has the paths of images and not their bytes. Write it with them, or give a CSV file with "
                "path,label.",
                path=path,
            )
