"""Which layout a folder or file has: the first that fits, from the most certain to the least."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from atalho.data.layouts import ambiguous_folders, cifar, class_folders, csv_table, idx, split_folders
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.patterns import Pattern, unfitting
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import is_neutral, split_name, split_roles
from atalho.errors import DataError
from atalho.text import N_, Text

ACCEPTED: Final = N_(
    "Accepted: a folder with train/<class>/ (and val/, test/), a folder with one folder per class, a "
    "CSV file with path,label, Parquet files with an image and a label column, IDX files as in MNIST, CIFAR batches."
)
_FEW: Final = 10


def recognise(path: Path, known: Sequence[str] = ()) -> Listing:
    """All images at `path`. `known` are the classes of a model, which choose between two readings."""
    if os.path.isfile(path):  # noqa: PTH113 (no error for an odd name)
        if path.suffix.lower() in (".csv", ".tsv", ".txt", ".jsonl"):
            return csv_table.read(path)
        if idx.matches([path.name]):
            return recognise(path.parent, known)
        raise DataError("{path} is not a supported kind of file. {accepted}", path=path, accepted=Text(ACCEPTED))
    folder = list_folder(path, classes=True)
    files = folder.others
    tables = [name for name in files if name.lower().endswith((".csv", ".tsv", ".jsonl"))]
    if idx.matches(files):
        return idx.read(path, files)
    if cifar.matches(files):
        return cifar.read(path, files)
    divided = split_folders.matches(path, folder)
    if divided and tables and split_folders.has_classes(path, folder):
        return split_folders.read(path, folder)
    if tables and (divided or not _has_class_folders(path, folder)) and (labelled := csv_table.tables_in(path, folder)):
        return csv_table.read_tables(path, labelled)
    if divided:
        below = {} if split_folders.has_classes(path, folder) else csv_table.tables_below(path, folder)
        return csv_table.read_tables(path, below) if below else split_folders.read(path, folder)
    if within := _data_set_within(path, folder):
        return recognise(path / within, known)
    if len(tables) == 1 and len(folder.folders) < 2:
        return csv_table.read(path / tables[0])  # which says what its columns lack
    if folder.images and not folder.folders:
        text = Text("the {count} images in {path} are not in class folders. {accepted}")
        raise DataError(text.format(count=len(folder.images), path=path, accepted=Text(ACCEPTED)))
    if inside := ambiguous_folders.same_inside(path, folder):
        return ambiguous_folders.read(path, folder, inside, known)
    if (copy := ambiguous_folders.copy_inside(path, folder)) is not None:
        listing = class_folders.read(path, without=copy)
        listing.notes.append(Text("the folder {name} holds a second copy of the same images: left out", name=copy))
        return listing
    return class_folders.read(path)


def by_pattern(path: Path, pattern: Pattern) -> Listing:
    """All images at `path` whose paths the pattern fits, with the class that it finds, and the split if it names one.

    A pattern that names no split is compared with the path below the split's folder, where there are such.
    """
    folder = list_folder(path, classes=True)
    roles = split_roles(folder.folders)
    divided = "split" not in pattern.fields and "train" in roles.values()
    listing = Listing(path, "pattern")
    unfit: list[str] = []
    names = [name for below in folder.folders for name in images_below(path, below)[0]]
    for name in (*folder.images, *names):
        top, _slash, rest = name.partition("/")
        found = pattern.find(rest if divided else name)
        split = roles.get(top) if divided else split_name((found or {}).get("split", "")) or ""
        if found is None or split is None:
            unfit.append(name)
        elif "split" in found and not split:
            text = Text("{path}: the pattern {pattern} finds the split {given}, which is none of train, val, test.")
            raise DataError(text.format(path=path / name, pattern=pattern.text, given=repr(found["split"])))
        else:
            listing.add([name], found["class"], split)
    if unfit:
        listing.notes.append(unfitting(pattern, unfit))
    return listing


def _data_set_within(path: Path, folder: Folder) -> str | None:
    """The folder that is the data set itself, as archives often unpack: the only one, or the only one with splits."""
    if folder.images or not folder.folders or len(folder.folders) > _FEW:
        return None
    if len(folder.folders) == 1:
        return folder.folders[0] if _is_data_set(path / folder.folders[0]) else None
    with_splits = [name for name in folder.folders if _has_splits(path / name)]
    if len(with_splits) != 1 or any(images_below(path, name)[0] for name in folder.folders if name not in with_splits):
        return None
    return with_splits[0]


def _is_data_set(path: Path) -> bool:
    folder = list_folder(path, classes=True)
    known = idx.matches(folder.others) or cifar.matches(folder.others) or _has_splits(path)
    return known or (len(folder.folders) > 1 and not folder.images)


def _has_splits(path: Path) -> bool:
    folder = list_folder(path, classes=True)
    return split_folders.matches(path, folder)


def _has_class_folders(path: Path, folder: Folder) -> bool:
    named = not all(map(is_neutral, folder.folders))  # images and test are no classes
    return named and len(folder.folders) > 1 and all(images_below(path, name)[0] for name in folder.folders)
