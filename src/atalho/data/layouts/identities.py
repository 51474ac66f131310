"""Re-identification on disk: Market-1501 folders, identity folders, a CSV. Rows of (image, identity, camera, split).

Each folder that holds images is one identity, named by its path below the root, so `Greek/character03` is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from atalho.data.layouts import csv_table
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import split_name
from atalho.errors import ConfigError, DataError
from atalho.text import Text, ntext

AUTO, NONE = "auto", "none"
JUNK, DISTRACTOR = "-1", "0000"
"""What Market-1501 calls images that count neither way, and people who are nobody's right answer."""
_MARKET: Final = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
_MARKET_NAME: Final = re.compile(r"^(-1|\d+)_c(\d+)")
_ENDING: Final = re.compile(r"_(\d{1,3})$")
_ROLES: Final = ("query", "gallery")


@dataclass
class IdentityListing:
    """Rows of (name, identity, camera, split); split "" where the layout has none, camera "" where it is unknown.

    Splits are train, val, test, and query and gallery, which are parts of test.
    """

    root: Path
    layout: str
    names: list[str] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    cameras: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)

    def add(self, name: str, identity: str, camera: str, split: str) -> None:
        """Append one image."""
        self.names.append(name)
        self.identities.append(identity)
        self.cameras.append(camera)
        self.splits.append(split)


def read(path: Path, camera: str = AUTO, *, every: bool = False) -> IdentityListing:
    """All images at `path`. `camera` is a pattern whose first group is the camera in a file's name without suffix.

    `auto` finds `_NN` at the end of every name, `none` knows no cameras. With `every`, as a gallery wants it, images
    whose identity is not known are there too, with the identity "": distractors, and those directly in the folder; and
    a folder whose images all have names of Market-1501 is read by them. Raises DataError where nothing is found,
    ConfigError for a pattern that is none.
    """
    pattern = _pattern(camera)
    if not path.exists():
        raise DataError(Text("{path} does not exist.", path=path))
    listing = _table(path) if path.is_file() else _folder(path, pattern, every)
    if every and listing.layout == "market":
        listing.identities = ["" if name == DISTRACTOR else name for name in listing.identities]
    if not listing.names:
        raise DataError(Text("no images in {path}. {accepted}", path=path, accepted=_accepted()))
    return listing


def _folder(path: Path, pattern: re.Pattern[str] | None, every: bool) -> IdentityListing:
    folder = list_folder(path, classes=True)
    if every and folder.images and all(map(_MARKET_NAME.match, folder.images)):
        return _market(path, {"": "gallery"})
    tables = [name for name in folder.others if name.lower().endswith((".csv", ".tsv"))]
    if set(_MARKET) <= set(folder.folders):
        return _market(path)
    if len(tables) == 1 and not folder.images and csv_table.matches(path / tables[0], needed=("path", "identity")):
        return _table(path / tables[0])
    if len(folder.folders) == 1 and not folder.images and not list_folder(path / folder.folders[0]).images:
        return _folder(path / folder.folders[0], pattern, every)  # as archives often unpack
    return _identity_folders(path, folder, pattern, every)


def _market(path: Path, folders: Mapping[str, str] = _MARKET) -> IdentityListing:
    """Names like `0001_c1s1_001051_00.jpg`: identity, camera, and what no one needs here."""
    listing = IdentityListing(path, "market")
    odd = junk = distractors = 0
    for folder, split in folders.items():
        for name in list_folder(path / folder).images:
            match = _MARKET_NAME.match(name)
            if match is None:
                odd += 1
            elif match[1] == JUNK:
                junk += 1
            elif int(match[1]) == 0 and split != "gallery":
                distractors += 1
            else:
                identity = DISTRACTOR if int(match[1]) == 0 else match[1]
                listing.add(f"{folder}/{name}" if folder else name, identity, str(int(match[2])), split)
    if odd:
        text = ntext(
            "{count} image is not named like 0001_c1s1_001051_00.jpg: left out",
            "{count} images are not named like 0001_c1s1_001051_00.jpg: left out",
            odd,
        )
        listing.notes.append(text.format(count=odd))
    if junk:
        text = ntext("{count} junk image (-1): left out", "{count} junk images (-1): left out", junk)
        listing.notes.append(text.format(count=junk))
    if distractors:
        text = Text("distractors (0000) belong into the gallery; {count} elsewhere: left out")
        listing.notes.append(text.format(count=distractors))
    return listing


def _identity_folders(path: Path, folder: Folder, pattern: re.Pattern[str] | None, every: bool) -> IdentityListing:
    listing = IdentityListing(path, "identities")
    splits = {name: _split(name) for name in folder.folders}
    divided = "train" in splits.values() and not folder.images
    for below in folder.folders:
        split = splits[below] if divided else ""
        if divided and split is None:
            text = Text("the folder {name} is none of train, val, test, query, gallery: left out")
            listing.notes.append(text.format(name=below))
            continue
        for name in images_below(path, below)[0]:
            identity = name.rpartition("/")[0]
            if divided:
                identity = identity.partition("/")[2]
            if identity:
                listing.add(name, identity, "", split or "")
    if folder.images and not every:
        text = ntext(
            "{count} image directly in {path} belongs to no identity: left out",
            "{count} images directly in {path} belong to no identity: left out",
            len(folder.images),
        )
        listing.notes.append(text.format(count=len(folder.images), path=path))
    if pattern is not None:
        _read_cameras(listing, pattern)
    for name in folder.images if every else ():
        seen = pattern.search(Path(name).stem) if pattern is not None else None
        listing.add(name, "", (seen[1] or "") if seen is not None else "", "")
    return listing


def _read_cameras(listing: IdentityListing, pattern: re.Pattern[str]) -> None:
    stems = [Path(name).stem for name in listing.names]
    matches = [pattern.search(stem) for stem in stems]
    missing = [name for name, match in zip(listing.names, matches, strict=True) if match is None]
    if not missing:
        listing.cameras = [match[1] or "" for match in matches if match is not None]
    elif pattern is not _ENDING:
        text = Text("the pattern {pattern} finds no camera in {count} names, such as {name}.")
        raise DataError(text.format(pattern=pattern.pattern, count=len(missing), name=missing[0]))


def _pattern(camera: str) -> re.Pattern[str] | None:
    if camera in (AUTO, NONE):
        return _ENDING if camera == AUTO else None
    try:
        pattern = re.compile(camera)
    except re.error as error:
        raise ConfigError(
            Text("data.camera = {given!r} is no pattern: {reason}", given=camera, reason=error)
        ) from error
    if pattern.groups < 1:
        text = Text("data.camera = {given!r}: put the camera into brackets, as in _c(\\d+).")
        raise ConfigError(text.format(given=camera))
    return pattern


def _table(path: Path) -> IdentityListing:
    listing = IdentityListing(path.parent, "csv")
    rows = csv_table.read_columns(path, needed=("path", "identity"), wanted=("camera", "split"))
    for where, row in rows:
        split = _split(row["split"]) if "split" in row else ""
        if split is None:
            text = Text("{where}: unknown split {given}. Accepted: train, val, test, query, gallery.")
            raise DataError(text.format(where=where, given=repr(row["split"])))
        listing.add(row["path"], row["identity"], row.get("camera", ""), split)
    return listing


def _split(name: str) -> str | None:
    return split_name(name) or (name.casefold() if name.casefold() in _ROLES else None)


def _accepted() -> Text:
    return Text(
        "Accepted for re-identification: the folders of Market-1501, a folder of identity folders (with train/ and "
        "test/ above them or not), a CSV file with path,identity,camera."
    )
