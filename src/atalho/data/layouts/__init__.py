"""Recognises how a data set lies on disk and reads it into a `Manifest`. Each layout is one file beside this one."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from atalho.data.layouts import cifar, class_folders, csv_table, idx, split_folders
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.manifest import SPLITS, Ids, Manifest, class_map
from atalho.data.splits import LARGEST_VAL, hold_out
from atalho.errors import DataError, nearest
from atalho.text import N_, Text, ntext

_ACCEPTED: Final = N_(
    "Accepted: a folder with train/<class>/ (and val/, test/), a folder of class folders, a CSV file with path,label, "
    "the IDX files of the MNIST family, the CIFAR batches."
)
_NAMED: Final = 5
_FEW: Final = 20


def read(path: str | Path, *, val_fraction: float, test_fraction: float, split_seed: int) -> Manifest:
    """All images below `path`, their classes and splits; missing splits are held out as `splits` says.

    Without splits of its own, `test_fraction` of the images becomes test. Without val, `val_fraction` of the
    training images, at most 1,000, becomes val. Train and val without test stay so.
    """
    listing = _list(Path(path))
    given = set(listing.splits)
    if given == {""}:
        listing.splits = ["train"] * len(listing.names)
    if "train" not in listing.splits:
        text = Text("{path} has images for {splits} but none for train.")
        raise DataError(text.format(path=path, splits=", ".join(sorted(given))))
    classes = _training_classes(listing, Path(path))
    labels = _labels(listing, classes, Path(path))
    splits = {name: _ids(listing, name) for name in SPLITS}
    if given == {""}:
        splits["train"], splits["test"] = hold_out(
            splits["train"], labels, listing.names, test_fraction, split_seed, "test split"
        )
    if "val" not in given:
        splits["train"], splits["val"] = hold_out(
            splits["train"], labels, listing.names, val_fraction, split_seed, "val split", LARGEST_VAL
        )
    splits = {name: ids for name, ids in splits.items() if len(ids)}
    notes = [*listing.notes, *_empty_notes(listing, classes), *_split_notes(splits, given, split_seed)]
    return _manifest(listing, classes, labels, splits, notes)


def read_test(path: str | Path, classes: tuple[str, ...]) -> Manifest:
    """The images to evaluate on, as split `test`, labelled by a model's classes.

    The test split where there is one; a folder of classes, or a CSV, without splits counts as a whole.
    """
    listing = _list(Path(path))
    given = set(listing.splits)
    wanted = "" if given == {""} else "test"
    if wanted not in given:
        text = Text("{path} has images for {splits} but none for test. Give the folder of one split to evaluate on it.")
        raise DataError(text.format(path=path, splits=", ".join(sorted(given))))
    kept = [number for number, split in enumerate(listing.splits) if split == wanted]
    listing.names = [listing.names[number] for number in kept]
    listing.classes = [listing.classes[number] for number in kept]
    if listing.pixels is not None:
        listing.pixels = listing.pixels[kept]
    labels = _labels(listing, classes, Path(path), Text("the model"))
    notes = [*listing.notes, *_empty_notes(listing, classes)]
    return _manifest(listing, classes, labels, {"test": np.arange(len(kept), dtype=np.int64)}, notes)


def _list(path: Path) -> Listing:
    if not path.exists():
        raise DataError(_missing(path))
    listing = _recognise(path)
    if not listing.names:
        notes = "".join(f" {note}." for note in listing.notes)
        raise DataError(
            Text("no images in {path}.{found} {accepted}", path=path, found=notes, accepted=Text(_ACCEPTED))
        )
    return listing


def _recognise(path: Path) -> Listing:
    if path.is_file():
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            return csv_table.read(path)
        if idx.matches([path.name]):
            return _recognise(path.parent)
        raise DataError(Text("{path} is a file of an unknown kind. {accepted}", path=path, accepted=Text(_ACCEPTED)))
    folder = list_folder(path, classes=True)
    files = folder.others
    tables = [name for name in files if name.lower().endswith((".csv", ".tsv"))]
    labelled = [name for name in tables if csv_table.matches(path / name)]
    if idx.matches(files):
        return idx.read(path, files)
    if cifar.matches(files):
        return cifar.read(path, files)
    if split_folders.matches(path, folder):
        return split_folders.read(path, folder)
    if len(labelled) == 1 and not _has_class_folders(path, folder):
        return csv_table.read(path / labelled[0])
    if len(folder.folders) == 1 and not folder.images and _is_wrapper(path / folder.folders[0]):
        return _recognise(path / folder.folders[0])
    if len(tables) == 1 and len(folder.folders) < 2:
        return csv_table.read(path / tables[0])  # which says what its columns lack
    if folder.images and not folder.folders:
        text = Text("the {count} images in {path} lie in no class folder. {accepted}")
        raise DataError(text.format(count=len(folder.images), path=path, accepted=Text(_ACCEPTED)))
    return class_folders.read(path)


def _is_wrapper(path: Path) -> bool:
    """Whether the only folder in a folder is the data set itself, as archives often unpack."""
    folder = list_folder(path, classes=True)
    known = idx.matches(folder.others) or cifar.matches(folder.others) or split_folders.matches(path, folder)
    return known or (len(folder.folders) > 1 and not folder.images)


def _has_class_folders(path: Path, folder: Folder) -> bool:
    return len(folder.folders) > 1 and all(images_below(path, name)[0] for name in folder.folders)


def _training_classes(listing: Listing, path: Path) -> tuple[str, ...]:
    names = (name for name, split in zip(listing.classes, listing.splits, strict=True) if split == "train")
    classes = class_map(names)
    if len(classes) < 2:
        text = Text("{path} has one class with training images, {name}: a classifier needs two or more. {accepted}")
        raise DataError(text.format(path=path, name=classes[0], accepted=Text(_ACCEPTED)))
    return classes


def _labels(listing: Listing, classes: tuple[str, ...], path: Path, owner: Text | None = None) -> Ids:
    numbers = {name: number for number, name in enumerate(classes)}
    unknown = Counter(name for name in listing.classes if name not in numbers)
    if unknown:
        name, count = unknown.most_common(1)[0]
        first = listing.names[listing.classes.index(name)]
        text = Text("{path}: class {name} ({count} images, such as {first}) is not a class of {owner}. {hint}")
        hint = _hint(name, classes)
        owner = owner or Text("the training split")
        raise DataError(text.format(path=path, name=name, count=count, first=first, owner=owner, hint=hint))
    return np.array([numbers[name] for name in listing.classes], dtype=np.int64)


def _ids(listing: Listing, split: str) -> Ids:
    return np.array([number for number, given in enumerate(listing.splits) if given == split], dtype=np.int64)


def _manifest(
    listing: Listing, classes: tuple[str, ...], labels: Ids, splits: dict[str, Ids], notes: list[Text]
) -> Manifest:
    return Manifest(
        root=listing.root.absolute(),
        layout=listing.layout,
        classes=classes,
        names=tuple(listing.names),
        labels=labels,
        splits=splits,
        pixels=listing.pixels,
        notes=(*notes, *_missing_notes(classes, labels, splits)),
    )


def _empty_notes(listing: Listing, classes: tuple[str, ...]) -> list[Text]:
    # A class that is empty in one split but known is named by `_missing_notes`.
    unknown = sorted({name for _split, name in listing.empty if name not in classes})
    return [Text("the class folder {name} holds no image: left out").format(name=name) for name in unknown]


def _split_notes(splits: dict[str, Ids], given: set[str], seed: int) -> list[Text]:
    sizes = ", ".join(f"{name} {len(ids)}" for name, ids in splits.items())
    made = [name for name in splits if name not in given]
    if made:
        text = Text("splits: {sizes}; {made} made by Atalho, stratified, seed {seed}")
        return [text.format(sizes=sizes, made=", ".join(made), seed=seed)]
    return [Text("splits: {sizes}, as given").format(sizes=sizes)]


def _missing_notes(classes: tuple[str, ...], labels: Ids, splits: dict[str, Ids]) -> list[Text]:
    notes = []
    for split, ids in splits.items():
        counts = np.bincount(labels[ids], minlength=len(classes))
        missing = [classes[label] for label in np.flatnonzero(counts == 0)]
        if missing:
            shown = ", ".join(missing[:_NAMED]) + (", …" if len(missing) > _NAMED else "")
            text = ntext(
                "{count} class has no image in {split}: {names}",
                "{count} classes have no image in {split}: {names}",
                len(missing),
            )
            notes.append(text.format(count=len(missing), split=split, names=shown))
    return notes


def _missing(path: Path) -> Text:
    parent = path.parent
    hint: Text | str = ""
    if parent.is_dir():
        names = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
        hint = _hint(path.name, names)
    return Text("{path} does not exist. {hint}").format(path=path, hint=hint)


def _hint(given: str, accepted: Sequence[str]) -> Text | str:
    """The names closest to `given`; all of them only where they are few."""
    names = accepted if len(accepted) <= _FEW else difflib.get_close_matches(given, accepted)
    return nearest(given, names) if names else ""
