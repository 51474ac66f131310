"""root/{train,val,test}/<class>/…: the folders are the splits, under any of their many names (`split_names`).

Archives often double a split's folder (seg_train/seg_train/<class>), and bring a test folder without classes.
"""

from pathlib import Path

from atalho.data.layouts import ground_truth
from atalho.data.layouts.class_folders import add_classes, note_unclassed
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import is_neutral, same, split_name, split_roles
from atalho.errors import DataError
from atalho.text import Text


def matches(path: Path, folder: Folder) -> bool:
    """Whether a folder's subfolders are splits: train (or test alone) with class folders inside.

    A data set of vehicles may well have a class called train: then that folder holds the images themselves.
    """
    roles = split_roles(folder.folders)
    main = [name for name, split in roles.items() if split == "train"]
    only_splits = all(split is not None for split in roles.values())
    if not main and only_splits:
        main = list(roles)
    return bool(main) and (only_splits or any(list_folder(path / name).folders for name in main))


def has_classes(path: Path, folder: Folder) -> bool:
    """Whether a training folder has folders with images, so that no table is needed."""
    roles = split_roles(folder.folders)
    return any(
        images_below(path, f"{name}/{inner}")[0]
        for name, split in roles.items()
        if split == "train"
        for inner in list_folder(path / name, classes=True).folders
    )


def read(path: Path, folder: Folder) -> Listing:
    """One row per image, split by split."""
    listing = Listing(path, "split-folders")
    chosen: dict[str, str] = {}
    for name, split in split_roles(folder.folders).items():
        if split is None:
            listing.notes.append(Text("the folder {name} is none of train, val, test: left out").format(name=name))
        elif split in chosen:
            text = Text("{first} and {second} in {path} both mean {split}: rename or move one of them.")
            raise DataError(text.format(first=chosen[split], second=name, path=path, split=split))
        else:
            chosen[split] = name
    places = {split: classes_in(path, name, split) for split, name in chosen.items()}
    inside = {split: list_folder(path / place, classes=True) for split, place in places.items()}
    known = set(map(same, inside["train"].folders)) if "train" in inside else set()
    for split, place in places.items():
        if split != "train" and known and _unlabelled(inside[split], known):
            _read_flat(listing, place, split, known)
        else:
            add_classes(listing, inside[split], place, split)
    note_unclassed(listing, folder, path)
    return listing


def classes_in(root: Path, place: str, split: str) -> str:
    """The folder that holds a split's class folders: `place`, or the only one in it that is the same once more."""
    folder = list_folder(root / place, classes=True)
    if folder.images or len(folder.folders) != 1:
        return place
    (only,) = folder.folders
    again = same(only) == same(place.rpartition("/")[2]) or split_name(only) == split or is_neutral(only)
    below = list_folder(root / place / only, classes=True)
    return classes_in(root, f"{place}/{only}", split) if again and below.folders and not below.images else place


def _read_flat(listing: Listing, place: str, split: str, known: set[str]) -> None:
    """Add the images of a split without class folders, where a file says their classes; a test is left alone."""
    images, _odd = images_below(listing.root, place)
    truth = ground_truth.find(listing.root, place, images, known) if split == "val" else None
    if truth is not None:
        listing.notes.append(ground_truth.note(truth, split, len(images)))
        for name in truth.classes:
            listing.add([name], truth.classes[name], split)
    if truth is None or not truth.classes:
        listing.unlabelled.append(split)


def _unlabelled(folder: Folder, known: set[str]) -> bool:
    """Whether a split's folder has images and no class: they lie in it, or in one folder that no class is called."""
    if not folder.folders:
        return bool(folder.images)
    return len(folder.folders) == 1 and is_neutral(folder.folders[0]) and same(folder.folders[0]) not in known
