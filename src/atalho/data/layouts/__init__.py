"""Reads a data set, however it lies on disk, into a `Manifest`. Each layout is one file beside this one."""

import difflib
import os
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from atalho.data.class_names import of_synsets
from atalho.data.layouts import parquet_table, patterns
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.recognition import ACCEPTED, by_pattern, recognise
from atalho.data.layouts.scan import refuse_undecodable
from atalho.data.layouts.split_names import same
from atalho.data.manifest import SPLITS, Ids, Manifest, class_map
from atalho.data.splits import LARGEST_VAL, hold_out
from atalho.errors import DataError, nearest
from atalho.text import Text, ntext
from atalho.text.numbers import whole

_NAMED: Final = 5
_FEW: Final = 20
_RUN: Final = "run.toml"
"""The file that makes a folder a run, as `storage/run_folder.py` says."""


def read(
    path: str | Path,
    *,
    val_fraction: float,
    test_fraction: float,
    split_seed: int,
    class_pattern: str | None = None,
    group_pattern: str | None = None,
    unreadable: Collection[int] = (),
) -> Manifest:
    """All images below `path`, their classes and splits; missing splits are held out as `splits` says.

    A `class_pattern` says what in an image's path is its class (`patterns`), or names a column of Parquet files;
    otherwise the layout says it. With a
    `group_pattern` whole groups are held out, so that images of one burst or patient are in one split only. The ids
    `unreadable` are never held out, and the notes do not count them.

    Without splits of its own, `test_fraction` of the images becomes test. Without val, `val_fraction` of the
    training images, at most 1,000, becomes val. Train and val without test stay so.
    """
    listing = _list(Path(path), class_pattern)
    given = set(listing.splits)
    if given == {""}:
        listing.splits = ["train"] * len(listing.names)
    if "train" not in listing.splits:
        text = Text("{path} has images for {splits} but none for train.")
        raise DataError(text.format(path=path, splits=", ".join(sorted(given))))
    classes = _training_classes(listing, Path(path))
    labels = _labels(listing, classes, Path(path))
    splits = {name: listing.ids(name) for name in SPLITS}
    trained = splits["train"]
    bad = np.sort(np.fromiter(unreadable, dtype=np.int64))
    if len(bad):
        splits["train"] = np.setdiff1d(splits["train"], bad)
    units = listing.names if group_pattern is None else patterns.groups(listing.root, listing.names, group_pattern)
    if given == {""}:
        splits["train"], splits["test"] = hold_out(
            splits["train"], labels, units, test_fraction, split_seed, "test split", whole=group_pattern is not None
        )
    if "val" not in given:
        splits["train"], splits["val"] = hold_out(
            splits["train"], labels, units, val_fraction, split_seed, "val split", LARGEST_VAL,
            whole=group_pattern is not None,
        )  # fmt: skip
    if len(bad):  # ids stay in a split; `Manifest.without` takes them out
        splits["train"] = np.union1d(splits["train"], np.intersect1d(bad, trained))
    splits = {name: ids for name, ids in splits.items() if len(ids)}
    notes = [*listing.notes, *_spelling_notes(listing, classes), *_empty_notes(listing, classes)]
    shown = {name: np.setdiff1d(ids, bad) for name, ids in splits.items()} if len(bad) else splits
    notes += _split_notes(shown, given, split_seed)
    return _manifest(listing, classes, labels, splits, notes, given)


def read_test(path: str | Path, classes: tuple[str, ...], class_pattern: str | None = None) -> Manifest:
    """The images to evaluate on, as split `test`, labelled by a model's classes.

    The test split where there is one; a folder of classes, or a CSV, without splits counts as a whole.
    """
    listing = _list(Path(path), class_pattern, classes)
    listing.classes = list(of_synsets(listing.classes, classes))
    listing.empty = [(split, of_synsets([name], classes)[0]) for split, name in listing.empty]
    given = set(listing.splits)
    wanted = "" if given == {""} else "test"
    if wanted not in given:
        text = Text("{path} has images for {splits} but none for test. To evaluate on one split, give its folder.")
        raise DataError(text.format(path=path, splits=", ".join(sorted(given))))
    kept = [number for number, split in enumerate(listing.splits) if split == wanted]
    listing.names = [listing.names[number] for number in kept]
    listing.classes = [listing.classes[number] for number in kept]
    if listing.pixels is not None:
        listing.pixels = listing.pixels[kept]
    labels = _labels(listing, classes, Path(path), Text("the model"))
    notes = [*listing.notes, *_empty_notes(listing, classes)]
    return _manifest(listing, classes, labels, {"test": np.arange(len(kept), dtype=np.int64)}, notes, given)


def _list(path: Path, class_pattern: str | None = None, known: Sequence[str] = ()) -> Listing:
    if not os.path.lexists(path):  # (no error for a name that is too long)
        raise DataError(_missing(path))
    if os.path.isfile(path / _RUN):  # noqa: PTH113 (no error for a folder that cannot be entered)
        raise DataError(
            "{path} is a run, not images. Continue it with atalho train --resume {path}, or start from what it has "
            "learned with --from {path}.",
            path=path,
        )
    if tables := parquet_table.find(path):
        listing = parquet_table.read(tables, class_pattern)
    elif class_pattern and os.path.isdir(path):  # noqa: PTH112
        listing = by_pattern(path, patterns.parse(class_pattern, "data.class"))
    else:
        listing = recognise(path, known)
    if not listing.names:
        notes = "".join(f" {note}." for note in listing.notes)
        raise DataError("no images in {path}.{found} {accepted}", path=path, found=notes, accepted=Text(ACCEPTED))
    return listing


def _training_classes(listing: Listing, path: Path) -> tuple[str, ...]:
    names = (name for name, split in zip(listing.classes, listing.splits, strict=True) if split == "train")
    # The same characters written in two ways (Unicode NFC and NFD) are one class: one cannot see the difference.
    classes = class_map({same(name): name for name in class_map(names)}.values())
    for name in classes:
        refuse_undecodable(name, path)
    if len(classes) < 2:
        text = Text(
            "{path} has only one class with training images, {name}: a classifier needs at least two. {accepted}"
        )
        raise DataError(text.format(path=path, name=classes[0], accepted=Text(ACCEPTED)))
    return classes


def _labels(listing: Listing, classes: tuple[str, ...], path: Path, owner: Text | None = None) -> Ids:
    by_spelling = {same(name): number for number, name in enumerate(classes)}
    numbers = {name: by_spelling[same(name)] for name in set(listing.classes) if same(name) in by_spelling}
    unknown = Counter(name for name in listing.classes if name not in numbers)
    if unknown:
        name, count = unknown.most_common(1)[0]
        first = listing.names[listing.classes.index(name)]
        text = Text("{path}: class {name} ({count} images, such as {first}) is not a class of {owner}. {hint}")
        hint = _hint(name, classes)
        owner = owner or Text("the training split")
        raise DataError(text.format(path=path, name=name, count=count, first=first, owner=owner, hint=hint))
    return np.array([numbers[name] for name in listing.classes], dtype=np.int64)


def _manifest(
    listing: Listing,
    classes: tuple[str, ...],
    labels: Ids,
    splits: dict[str, Ids],
    notes: list[Text],
    given: Collection[str],
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
        found=_found(listing, len(classes), given),
    )


def _found(listing: Listing, classes: int, given: Collection[str]) -> Text:
    """What was recognised, in one line."""
    there = [name for name in SPLITS if set(given) - {""} and (name in given or name in listing.unlabelled)]
    parts: list[Text | str] = [
        ", ".join(there) or Text("no splits"),
        ntext("{count} class", "{count} classes", classes).format(count=whole(classes)),
        ntext("{count} image", "{count} images", len(listing.names)).format(count=whole(len(listing.names))),
        *(Text("{split} has no labels and is left alone", split=split) for split in listing.unlabelled),
    ]
    return Text("found: {what}", what=Text.joined(*parts, by="; "))


def _empty_notes(listing: Listing, classes: tuple[str, ...]) -> list[Text]:
    # A class that is empty in one split but known is named by `_missing_notes`.
    known = set(map(same, classes))
    unknown = sorted({name for _split, name in listing.empty if same(name) not in known})
    return [Text("the class folder {name} holds no image: left out").format(name=name) for name in unknown]


def _spelling_notes(listing: Listing, classes: tuple[str, ...]) -> list[Text]:
    spellings = Counter(map(same, set(listing.classes)))
    names = [name for name in classes if spellings[same(name)] > 1]
    text = Text("two spellings of the same characters in Unicode (NFC and NFD) count as one class: {names}")
    return [text.format(names=", ".join(names))] if names else []


def _split_notes(splits: dict[str, Ids], given: set[str], seed: int) -> list[Text]:
    sizes = Text.joined(
        *(Text("{split} {images:,}", split=name, images=len(ids)) for name, ids in splits.items()), by=", "
    )
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
    hint: Text | str = Text("Check the path: relative ones begin at {folder}.", folder=Path.cwd())
    if os.access(parent, os.R_OK) and parent.is_dir():
        names = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
        hint = _hint(path.name, difflib.get_close_matches(path.name, names)) or hint
    return Text("{path} does not exist. {hint}").format(path=path, hint=hint)


def _hint(given: str, accepted: Sequence[str]) -> Text | str:
    """The names closest to `given`; all of them only where they are few."""
    names = accepted if len(accepted) <= _FEW else difflib.get_close_matches(given, accepted)
    return nearest(given, names) if names else ""
