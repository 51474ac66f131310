"""Splits by identity: a network is measured on identities that it was not trained on (an open set)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from atalho import chance
from atalho.data.layouts import identities, identity_doubt
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.patterns import PathPatterns, groups
from atalho.data.layouts.scan import refuse_undecodable
from atalho.data.manifest import NO_IDS, Ids, Manifest, bytewise, class_map
from atalho.data.splits import LARGEST_VAL, name_hash
from atalho.errors import DataError
from atalho.text import Text, ntext
from atalho.text.numbers import whole

SplitBy = Literal["identity", "group"]
_SPLITS: Final = ("train", "val", "test", "query", "gallery")
_FEWEST: Final = 2
"""Fewer identities than two cannot be told apart, in training or in a test."""


def read(
    path: str | Path,
    *,
    val_fraction: float,
    test_fraction: float,
    split_seed: int,
    split_by: SplitBy = "identity",
    patterns: PathPatterns = PathPatterns(),  # noqa: B008 (frozen)
) -> Manifest:
    """All images at `path`, with their identities and cameras; missing splits are made by identity.

    Without splits of its own, `test_fraction` of the identities become test, or with `split_by` "group" that share
    of the groups (the first part of the identities' paths, or what a pattern finds). Without val, `val_fraction` of
    the training identities become val. Which ones depends on their names and the seed alone. Raises DataError where
    that cannot be.
    """
    listing = identities.read(Path(path), patterns.camera, patterns.identity)
    given = set(listing.splits)
    for name in set(listing.classes):
        refuse_undecodable(name, Path(path))
    names = np.array(listing.classes)
    splits = {name: listing.ids(name) for name in _SPLITS}
    if given == {""}:
        every = np.arange(len(names), dtype=np.int64)
        units = listing.classes
        if patterns.group is not None:
            units = groups(listing.root, listing.names, patterns.group)
        elif split_by == "group":
            units = [_group(name, path) for name in listing.classes]
        splits["train"], splits["test"] = _hold_out(every, np.array(units), test_fraction, split_seed, "test")
    elif not len(splits["train"]):
        splits_given = ", ".join(sorted(given))
        raise DataError("{path} has images for {splits} but none for train.", path=path, splits=splits_given)
    if "val" not in given:
        train, val = _hold_out(splits["train"], names[splits["train"]], val_fraction, split_seed, "val", LARGEST_VAL)
        if len(set(names[train])) >= _FEWEST and len(set(names[val])) >= _FEWEST:
            splits["train"], splits["val"] = train, val
    if len(splits["query"]) or len(splits["gallery"]):
        splits["test"] = np.sort(np.concatenate([splits["test"], splits["query"], splits["gallery"]]))
    made = ["test"] if given == {""} and len(splits["test"]) else []
    made += ["val"] if "val" not in given and len(splits["val"]) else []
    return _manifest(listing, {name: ids for name, ids in splits.items() if len(ids)}, made, split_seed)


def read_test(path: str | Path, patterns: PathPatterns = PathPatterns()) -> Manifest:  # noqa: B008 (frozen)
    """The images to evaluate on, as split `test`: the test split, query and gallery, or all where there are none."""
    listing = identities.read(Path(path), patterns.camera, patterns.identity)
    every = np.arange(len(listing.names), dtype=np.int64)
    if set(listing.splits) == {""}:
        return _manifest(listing, {"test": every}, [], 0)
    parts: dict[str, Ids] = {name: listing.ids(name) for name in ("query", "gallery") if name in listing.splits}
    test = np.sort(np.concatenate([listing.ids("test"), *parts.values()]))
    if not len(test):
        given = ", ".join(sorted(set(listing.splits)))
        text = Text("{path} has images for {splits} but none for test. To evaluate on one split, give its folder.")
        raise DataError(text.format(path=path, splits=given))
    return _manifest(listing, {"test": test, **parts}, [], 0)


def sides(manifest: Manifest, split: str) -> tuple[Ids, Ids]:
    """The ids of queries and gallery of a split; where the data do not part them, each image is both."""
    if split == "test" and ("query" in manifest.splits or "gallery" in manifest.splits):
        return manifest.splits.get("query", NO_IDS), manifest.splits.get("gallery", NO_IDS)
    ids = manifest.splits.get(split, NO_IDS)
    return ids, ids


def training_identities(manifest: Manifest) -> int:
    """How many identities are trained on: the first so many of the manifest's classes."""
    return len(np.unique(manifest.labels[manifest.splits["train"]]))


def _group(identity: str, path: str | Path) -> str:
    group, slash, _rest = identity.partition("/")
    if not slash:
        raise DataError(
            "{path}: the identity {name} is not in a group. Splitting by group needs paths like group/identity.",
            path=path,
            name=identity,
        )
    return group


def _hold_out(
    ids: Ids, units: Sequence[str] | np.ndarray[tuple[int], np.dtype[np.str_]], share: float, seed: int, split: str,
    most: int | None = None,
) -> tuple[Ids, Ids]:  # fmt: skip
    """Divide `ids` into (kept, held out) by whole units: a share of them, two at least where more than two are left."""
    owners = np.asarray(units)
    every = sorted(set(owners.tolist()), key=bytewise)
    hashes = np.array([name_hash(name) for name in every], dtype=np.int64)
    order = np.argsort(chance.bits(seed, f"{split} identities", 0, hashes, 1)[:, 0], kind="stable")
    wanted = min(max(round(share * len(every)), min(_FEWEST, len(every) - _FEWEST)), len(every) - 1)
    chosen = [every[place] for place in order[: max(wanted, 0)]] if share > 0 else []
    while most is not None and len(chosen) > _FEWEST and np.isin(owners, chosen).sum() > most:
        chosen.pop()
    held = np.isin(owners, chosen)
    return ids[~held], ids[held]


def _manifest(listing: Listing, splits: dict[str, Ids], made: list[str], seed: int) -> Manifest:
    own = np.array(listing.classes)
    training = class_map(own[splits.get("train", NO_IDS)].tolist())
    others = class_map(set(listing.classes) - set(training))
    classes = (*training, *others)
    numbers = {name: number for number, name in enumerate(classes)}
    known = all(listing.cameras)
    camera_names = class_map(listing.cameras) if known else ()
    places = {name: number for number, name in enumerate(camera_names)}
    return Manifest(
        root=listing.root.absolute(),
        layout=listing.layout,
        classes=classes,
        names=tuple(listing.names),
        labels=np.array([numbers[name] for name in listing.classes], dtype=np.int64),
        splits=splits,
        notes=(*listing.notes, *_notes(own, splits, made, seed, camera_names)),
        cameras=np.array([places[name] for name in listing.cameras], dtype=np.int64) if known else None,
        camera_names=camera_names,
        found=_found(listing, len(classes), camera_names),
    )


def _found(listing: Listing, count: int, cameras: Sequence[str]) -> Text:
    """What was recognised, in one line, with what may be another reading of it."""
    given = [name for name in _SPLITS if name in listing.splits]
    parts: list[Text | str] = [
        ", ".join(given) or Text("no splits"),
        ntext("{count} identity", "{count} identities", count).format(count=whole(count)),
        ntext("{count} image", "{count} images", len(listing.names)).format(count=whole(len(listing.names))),
    ]
    if cameras:
        parts.append(ntext("{count} camera", "{count} cameras", len(cameras)).format(count=whole(len(cameras))))
    found = Text("found: {what}", what=Text.joined(*parts, by="; "))
    doubt = identity_doubt.find(listing)
    return found if doubt is None else Text.joined(found, doubt, by=". ")


def _notes(
    own: np.ndarray[tuple[int], np.dtype[np.str_]],
    splits: dict[str, Ids],
    made: list[str],
    seed: int,
    cameras: tuple[str, ...],
) -> list[Text]:
    parts = [
        Text("{split} {identities:,} ({images:,})", split=name, identities=len(set(own[ids])), images=len(ids))
        for name, ids in splits.items()
    ]
    sizes = Text.joined(*parts, by=", ")
    if made:
        text = Text("identities (images): {sizes}; {made} made by Atalho, by whole identities, seed {seed}")
        first = text.format(sizes=sizes, made=", ".join(made), seed=seed)
    else:
        first = Text("identities (images): {sizes}, as given").format(sizes=sizes)
    if not cameras:
        return [first, Text("cameras: not known (--data.camera says how to read them from the names)")]
    return [first, Text("cameras: {count}").format(count=len(cameras))]
