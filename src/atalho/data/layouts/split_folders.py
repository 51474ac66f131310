"""root/{train,val,test}/<class>/…: the folders are the splits. Also names like Training, valid or validation."""

from __future__ import annotations

from pathlib import Path

from atalho.data.layouts.class_folders import add_classes, note_unclassed
from atalho.data.layouts.listing import Listing, split_name
from atalho.data.layouts.scan import Folder, list_folder
from atalho.errors import DataError
from atalho.text import Text


def matches(path: Path, folder: Folder) -> bool:
    """Whether a folder's subfolders are splits: train (or test alone) with class folders inside.

    A data set of vehicles may well have a class called train: then that folder holds the images themselves.
    """
    folders = {name: split_name(name) for name in folder.folders}
    main = [name for name, split in folders.items() if split == "train"]
    if not main and all(split is not None for split in folders.values()):
        main = list(folders)
    only_splits = all(split is not None for split in folders.values())
    return bool(main) and (only_splits or any(list_folder(path / name).folders for name in main))


def read(path: Path, folder: Folder) -> Listing:
    """One row per image, split by split."""
    listing = Listing(path, "split-folders")
    chosen: dict[str, str] = {}
    for name in folder.folders:
        split = split_name(name)
        if split is None:
            listing.notes.append(Text("the folder {name} is none of train, val, test: left out").format(name=name))
        elif split in chosen:
            text = Text("{first} and {second} in {path} both mean {split}: rename or move one of them.")
            raise DataError(text.format(first=chosen[split], second=name, path=path, split=split))
        else:
            chosen[split] = name
    for split, name in chosen.items():
        add_classes(listing, list_folder(path / name, classes=True), name, split)
    note_unclassed(listing, folder, path)
    return listing
