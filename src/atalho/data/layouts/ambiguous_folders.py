"""Folders of which each holds the same folders: class and split, the same set twice, or two readings of which none is
certain."""

from collections.abc import Sequence
from pathlib import Path

from atalho.data.layouts.class_folders import add_classes
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.data.layouts.split_names import same, split_roles
from atalho.errors import DataError


def same_inside(path: Path, folder: Folder) -> list[str]:
    """The names of the folders that each of a folder's folders holds; none where they differ or hold images."""
    inside: list[str] = []
    for place, name in enumerate(folder.folders):
        below = list_folder(path / name, classes=True)
        if below.images or len(below.folders) < 2 or (place and list(map(same, below.folders)) != inside):
            return []
        inside = list(map(same, below.folders))
    return inside if len(folder.folders) > 1 else []


def read(path: Path, folder: Folder, inside: Sequence[str], known: Sequence[str]) -> Listing:
    """Folders that all hold the folders `inside`: the inner ones are splits, or one reading is that of the classes
    `known`. Raises DataError, with both readings and the option that chooses, where neither is so."""
    roles = split_roles(inside)
    listing = Listing(path, "class-folders")
    if all(roles.values()) and len(set(roles.values())) == len(roles):
        for name in folder.folders:
            for below, split in split_roles(list_folder(path / name, classes=True).folders).items():
                listing.add(images_below(path, f"{name}/{below}")[0], name, split or "")
        listing.layout = "class-split-folders"
        return listing
    if known and {*map(same, folder.folders)} <= {*map(same, known)}:
        add_classes(listing, folder, "", "")
        return listing
    if known and {*inside} <= {*map(same, known)}:
        for name in folder.folders:
            add_classes(listing, list_folder(path / name, classes=True), name, "")
        return listing
    raise DataError(
        "{path}: the folders {outer} all hold the same folders {inner}, so either may be the classes. If {inner} "
        "are: --data.class '*/{field}/*'. If {outer} are: --data.class '{field}/*'. If {outer} are splits, rename "
        "them to train, val and test.",
        path=path,
        outer=_named(folder.folders),
        inner=_named(inside),
        field="{class}",
    )


def copy_inside(path: Path, folder: Folder) -> str | None:
    """A folder that holds the folders around it once more, as some archives do (cell_images/cell_images).

    Raises DataError where its images are called otherwise: then nobody can say whether they belong to the set.
    """
    for name in folder.folders:
        below = list_folder(path / name, classes=True)
        if below.images or not 2 <= len(below.folders) == len(folder.folders) - 1:
            continue
        others = [other for other in folder.folders if other != name]
        if list(map(same, below.folders)) != list(map(same, others)):
            continue
        around = {image for other in others for image in images_below(path, other)[0]}
        if not {image for other in below.folders for image in images_below(path / name, other)[0]} <= around:
            raise DataError(
                "{path}: the folder {name} holds folders called as those beside it ({classes}), with other images. "
                "To leave it out, move it elsewhere; to read only it, give {path}/{name}; to put both together: "
                "--data.class '**/{field}/*'.",
                path=path,
                name=name,
                classes=_named(others),
                field="{class}",
            )
        return name
    return None


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
