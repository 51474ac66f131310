"""What lies in the folders and is not used: classes without images, images without a class, and what is no image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from atalho import limits
from atalho.data.decoding.decode import read_header
from atalho.data.decoding.reasons import Reason, UnreadableImageError
from atalho.data.doctor.problem import Problem
from atalho.data.layouts.scan import images_below, list_folder
from atalho.data.layouts.split_folders import classes_in
from atalho.data.layouts.split_names import split_roles
from atalho.data.manifest import Manifest
from atalho.errors import DataError
from atalho.text import Text, ntext

_FIRST_BYTES: Final = 1 << 16


def problems(manifest: Manifest) -> Iterator[Problem]:
    """Only where folders are classes; a table or an archive says itself what belongs to it."""
    if manifest.layout not in ("class-folders", "split-folders"):
        return
    used = _used(manifest)
    splits = manifest.layout == "split-folders"
    top = list_folder(manifest.root, classes=True)
    yield from _strays(manifest, "", top.images, top.others)
    roles = split_roles(top.folders)
    for name in top.folders:
        split = roles[name]
        if not splits:
            yield from _class(manifest, name, used)
        elif split is not None:
            place = classes_in(manifest.root, name, split)
            if split not in manifest.splits and images_below(manifest.root, place)[0]:
                continue  # a test without labels, which the first line says
            inner = list_folder(manifest.root / place, classes=True)
            yield from _strays(manifest, f"{place}/", inner.images, inner.others)
            for label in inner.folders:
                yield from _class(manifest, f"{place}/{label}", used)
        else:
            yield from _unused_folder(manifest, name)


def _used(manifest: Manifest) -> dict[str, set[str]]:
    """For each folder that holds images, at any depth: the folders that do so directly, itself perhaps among them."""
    inside: dict[str, set[str]] = {}
    for name in {name.rpartition("/")[0] for name in manifest.names}:
        above = name
        while above:
            inside.setdefault(above, set()).add(name)
            above = above.rpartition("/")[0]
    return inside


def _class(manifest: Manifest, folder: str, used: dict[str, set[str]]) -> Iterator[Problem]:
    inside = used.get(folder, set())
    if not inside:
        if images_below(manifest.root, folder)[0]:
            return  # the set once more, which a note says
        text = Text("the class folder {name} has no images", name=folder)
        yield Problem("empty-class", text, Text("Add images to it, or remove the folder."), folder)
    for below in sorted({folder} | inside):
        others = list_folder(manifest.root / below).others
        images = {problem.path: problem for problem in _strays(manifest, f"{below}/", [], others)}
        yield from images.values()
        yield from _no_images(below, [name for name in others if f"{below}/{name}" not in images])


def _strays(manifest: Manifest, below: str, images: list[str], others: list[str]) -> Iterator[Problem]:
    for name in images:
        text = Text("it is not in a class folder and is skipped")
        yield Problem("left-out", text, Text("Move it into the folder of its class."), f"{below}{name}")
    for name in others:
        remedy = _remedy(manifest.root / below / name)
        if remedy is not None:
            text = Text("its content is an image, but it has no image suffix; it is skipped")
            yield Problem("left-out", text, remedy, f"{below}{name}")


def _no_images(folder: str, names: list[str]) -> Iterator[Problem]:
    """Files of another kind in a class folder: one problem for all, as each image may have its annotation."""
    if names:
        text = ntext(
            "it is not an image and is skipped",
            "{count} files here are not images and are skipped: {example} and others",
            len(names),
            count=len(names),
            example=names[0],
        )
        remedy = Text("Ignore this if they belong there; otherwise move them out of the class folder.")
        yield Problem("other-files", text, remedy, f"{folder}/{names[0]}" if len(names) == 1 else folder)


def _unused_folder(manifest: Manifest, name: str) -> Iterator[Problem]:
    try:
        images, _odd = images_below(manifest.root, name)
    except DataError:
        return
    if images:
        text = Text("{count} images in a folder other than train, val and test; they are skipped", count=len(images))
        remedy = Text("Move them into one of the splits, or move the folder out of the data set.")
        yield Problem("left-out", text, remedy, name)


def _remedy(path: Path) -> Text | None:
    """What to do with a regular file whose first bytes are those of an image; None for any other."""
    try:
        with limits.open_regular(path, limits.ANY) as file:
            read_header(file.read(_FIRST_BYTES), tiff=True)
    except UnreadableImageError as error:
        reason = Reason.of(error.reason)
        if reason in (Reason.OTHER_FORMAT, Reason.AVIF, Reason.NO_AVIF):
            return Text("Save it as JPEG or PNG, or remove it.")
        if reason is not Reason.TOO_MANY_PIXELS:
            return None
    except (OSError, ValueError):
        return None
    return Text("Rename it to end with an image suffix.")
