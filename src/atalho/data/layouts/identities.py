"""Re-identification on disk: Market-1501 folders, lists, identity folders, a CSV. Rows of (image, identity, camera,
split).

Each folder that holds images is one identity, named by its path below the root, so `Greek/character03` is one; unless
a pattern says what in a path is the identity (`patterns`).
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atalho.data.layouts import csv_table, identity_lists, parquet_table
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.patterns import Pattern, parse, unfitting
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import SYNONYMS, split_roles
from atalho.errors import ConfigError, DataError
from atalho.text import Text, ntext

AUTO, NONE = "auto", "none"
JUNK, DISTRACTOR = "-1", "0000"
"""What Market-1501 calls images that count neither way, and people who are nobody's right answer."""
_NEEDED: Final = ("path", "identity")
_MARKET: Final = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
_MARKET_NAME: Final = re.compile(r"^(-1|\d+)_c(\d+)")
_ENDING: Final = re.compile(r"_(\d{1,3})$")
_ROLES: Final = SYNONYMS | {
    **dict.fromkeys(("query", "queries", "probe", "consulta", "consultas"), "query"),
    **dict.fromkeys(("gallery", "galeria"), "gallery"),
}
_CAMERA_FIELD: Final = "{camera}"


def read(path: Path, camera: str = AUTO, identity: str | None = None, *, every: bool = False) -> Listing:
    """All images at `path`. `camera` and `identity` are patterns of paths (`patterns`); one may name both.

    A camera may also be a regular expression whose first group is the camera in a file's name without suffix, or the
    name of a table's column; `auto` finds `_NN` at the end of every name, `none` knows no cameras. With `every`, as a
    gallery wants it, images whose identity is not known are there too, with the identity "": distractors, and those
    directly in the folder; and a folder whose images all have names of Market-1501 is read by them. Raises DataError
    where nothing is found, ConfigError for a pattern that is none.
    """
    if not camera.isidentifier():  # which may be the name of a table's column
        _pattern(camera)
    if tables := parquet_table.find(path, _roles):
        listing = _parquet(tables, identity, camera, every)
    else:
        asked = _Asked(parse(identity, "data.identity") if identity else None, camera, every)
        if not os.path.lexists(path):
            raise DataError("{path} does not exist.", path=path)
        listing = _table(path, asked) if os.path.isfile(path) else _folder(path, asked)  # noqa: PTH113 (no error for an odd name)
    if every and listing.layout == "market":
        listing.classes = ["" if name == DISTRACTOR else name for name in listing.classes]
    if not listing.names:
        notes = "".join(f" {note}." for note in listing.notes)
        raise DataError("no images in {path}.{found} {accepted}", path=path, found=notes, accepted=_accepted())
    return listing


@dataclass(frozen=True)
class _Asked:
    """How names tell cameras and identities, and whether images of unknown identity are wanted too."""

    identity: Pattern | None
    camera: str
    every: bool


def _folder(path: Path, asked: _Asked) -> Listing:
    folder = list_folder(path, classes=True)
    if asked.identity is None:
        if asked.every and folder.images and all(map(_MARKET_NAME.match, folder.images)):
            return _market(path, {"": "gallery"})
        if set(_MARKET) <= set(folder.folders):
            return _market(path)
        if (roles := _market_roles(path, folder)) is not None:
            return _market(path, roles)
        if (listed := identity_lists.read(path, folder)) is not None:
            return listed
        identity_lists.refuse_two(path, folder, frozenset(_MARKET))
        tables = [name for name in folder.others if name.lower().endswith((".csv", ".tsv"))]
        tables = [name for name in tables if csv_table.matches(path / name, needed=_NEEDED)]
        if len(tables) > 1:
            text = Text("{path} holds several tables of images and identities ({names}): give the one to read.")
            raise DataError(text.format(path=path, names=", ".join(tables)))
        if tables and not (asked.every and folder.images):
            return _table(path / tables[0], asked)
        if len(folder.folders) == 1 and not folder.images and not list_folder(path / folder.folders[0]).images:
            return _folder(path / folder.folders[0], asked)  # as archives often unpack
    return _identity_folders(path, folder, asked)


def _market_roles(path: Path, folder: Folder) -> dict[str, str] | None:
    """The folders of a set with names of Market-1501 in folders with other names (VeRi's image_train); None if it is
    none."""
    roles = _roles(folder.folders)
    flat = {name: split for name, split in roles.items() if split}
    if not {"train", "query", "gallery"} <= set(flat.values()):
        return None
    for name in flat:
        inside = list_folder(path / name, classes=True)
        if inside.folders or not inside.images or not all(map(_MARKET_NAME.match, inside.images)):
            return None
    return flat


def _roles(names: Sequence[str]) -> dict[str, str | None]:
    """What each folder is; with queries, and no gallery, the test images are the gallery."""
    roles = split_roles(names, _ROLES)
    if "query" in roles.values() and "gallery" not in roles.values():
        roles = {name: "gallery" if split == "test" else split for name, split in roles.items()}
    return roles


def _market(path: Path, folders: Mapping[str, str] = _MARKET) -> Listing:
    """Names like `0001_c1s1_001051_00.jpg`: identity, camera, and what no one needs here."""
    listing = Listing(path, "market")
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
                listing.add([f"{folder}/{name}" if folder else name], identity, split, str(int(match[2])))
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


def _identity_folders(path: Path, folder: Folder, asked: _Asked) -> Listing:
    listing = Listing(path, "identities")
    roles = _roles(folder.folders)
    divided = ("train" in roles.values() or {"query", "gallery"} <= set(roles.values())) and not folder.images
    rows: list[tuple[str, str, str]] = []  # the image's name, what of it a pattern sees, its split
    for below in folder.folders:
        split = roles[below] if divided else ""
        if split is None:
            text = Text("the folder {name} is none of train, val, test, query, gallery: left out")
            listing.notes.append(text.format(name=below))
            continue
        names = images_below(path, below)[0]
        rows += [(name, name.partition("/")[2] if divided else name, split) for name in names]
    unknown = folder.images if asked.every and asked.identity is None else []
    rows += [(name, name, "") for name in folder.images if not unknown]
    unfit: list[str] = []
    loose: Counter[str] = Counter()
    for name, shown, split in rows:
        if asked.identity is None:
            identity, camera = shown.rpartition("/")[0], ""
        elif found := asked.identity.find(shown):
            identity, camera = found["identity"], found.get("camera", "")
        else:
            unfit.append(name)
            continue
        if identity:
            listing.add([name], identity, split, camera)
        else:
            loose[name.rpartition("/")[0]] += 1
    if unfit and asked.identity is not None:
        listing.notes.append(unfitting(asked.identity, unfit))
    for below, count in loose.items():
        text = ntext(
            "{count} image directly in {path} belongs to no identity: left out",
            "{count} images directly in {path} belong to no identity: left out",
            count,
        )
        listing.notes.append(text.format(count=count, path=path / below))
    pattern = _pattern(asked.camera)
    named = asked.identity is not None and "camera" in asked.identity.fields
    if pattern is not None and not (named and asked.camera == AUTO):
        _read_cameras(listing, pattern, divided)
    for name in unknown:
        seen = _camera(pattern, name) if pattern is not None else None
        listing.add([name], "", "", seen or "")
    return listing


def _read_cameras(listing: Listing, pattern: re.Pattern[str] | Pattern, divided: bool) -> None:
    shown = [name.partition("/")[2] if divided else name for name in listing.names]
    cameras = [_camera(pattern, name) for name in shown]
    missing = [name for name, camera in zip(listing.names, cameras, strict=True) if camera is None]
    if not missing:
        listing.cameras = [camera or "" for camera in cameras]
    elif pattern is not _ENDING:
        text = Text("the pattern {pattern} finds no camera in {count} names, such as {name}.")
        given = pattern.text if isinstance(pattern, Pattern) else pattern.pattern
        raise DataError(text.format(pattern=given, count=len(missing), name=missing[0]))


def _camera(pattern: re.Pattern[str] | Pattern, name: str) -> str | None:
    """The camera that a pattern finds in an image's name; None where it does not fit."""
    if isinstance(pattern, Pattern):
        found = pattern.find(name)
        return None if found is None else found["camera"]
    match = pattern.search(Path(name).stem)
    return None if match is None else match[1] or ""


def _pattern(camera: str) -> re.Pattern[str] | Pattern | None:
    if camera in (AUTO, NONE):
        return _ENDING if camera == AUTO else None
    if _CAMERA_FIELD in camera:
        return parse(camera, "data.camera")
    try:
        pattern = re.compile(camera)
    except re.error as error:
        raise ConfigError(
            "data.camera = {given!r} is not a valid regular expression: {reason}", given=camera, reason=error
        ) from error
    if pattern.groups < 1:
        raise ConfigError("data.camera = {given!r}: put the camera in parentheses, as in _c(\\d+).", given=camera)
    return pattern


def _table(path: Path, asked: _Asked) -> Listing:
    listing = Listing(path.parent, "csv")
    column = asked.camera if csv_table.matches(path, needed=(*_NEEDED, asked.camera)) else "camera"
    blank = ("identity",) if asked.every else ()
    rows = csv_table.read_columns(path, needed=_NEEDED, wanted=(column, "split"), blank=blank)
    unseen = 0
    for line, row in rows:
        split = split_roles([row["split"]], _ROLES)[row["split"]] if "split" in row else ""
        if split is None:
            text = Text("{where}: unknown split {given}. Accepted: train, val, test, query, gallery.")
            raise DataError(text.format(where=csv_table.place(path, line), given=repr(row["split"])))
        camera = row.get(column, "") if asked.camera != NONE else ""
        unseen = unseen or (0 if camera else line)
        listing.add([row["path"]], row["identity"], split, camera)
    if unseen and any(listing.cameras) and not asked.every:
        raise DataError(
            "{where}: the camera is blank. Name it, or say that none is known: --data.camera none",
            where=csv_table.place(path, unseen),
        )
    return listing


def _parquet(tables: parquet_table.Tables, identity: str | None, camera: str, every: bool) -> Listing:
    """`identity` and `camera` are names of columns."""
    listing = Listing(tables.root, "parquet", notes=list(tables.notes))
    column = "camera" if camera in (AUTO, NONE) else camera
    unseen = None
    for row in tables.rows(parquet_table.Columns(identity, ("identity",), "--data.identity", column)):
        split = tables.splits[row.name] if row.split is None else split_roles([row.split], _ROLES)[row.split]
        if split is None:
            text = Text("{where}: unknown split {given}. Accepted: train, val, test, query, gallery.")
            raise DataError(text.format(where=tables.where(row), given=repr(row.split)))
        if not row.label and not every:
            raise DataError("{where}: the identity is missing.", where=tables.where(row))
        seen = row.camera if camera != NONE else ""
        unseen = unseen or (None if seen else row)
        listing.add([row.image], row.label, split, seen)
    if unseen and not every and (any(listing.cameras) or camera not in (AUTO, NONE)):
        raise DataError(
            "{where}: the camera is blank. Name it, or say that none is known: --data.camera none",
            where=tables.where(unseen),
        )
    return listing


def _accepted() -> Text:
    return Text(
        "Accepted for re-identification: the folders of Market-1501, a folder with one folder per "
        "identity (optionally below train/ and test/), a CSV file with path,identity,camera, Parquet files "
        "with image,identity,camera."
    )
