"""root/<class>/…: one folder per class, no splits. Images may lie at any depth below their class."""

from pathlib import Path

from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, images_below, list_folder
from atalho.text import ntext


def read(path: Path, without: str | None = None) -> Listing:
    """One row per image; the splits are made later. The folder `without` is no class."""
    listing = Listing(path, "class-folders")
    folder = list_folder(path, classes=True)
    folder.folders = [name for name in folder.folders if name != without]
    add_classes(listing, folder, "", "")
    return listing


def add_classes(listing: Listing, folder: Folder, below: str, split: str) -> None:
    """Add the class folders in root/`below`, whose content `folder` is."""
    odd = folder.odd
    for class_name in folder.folders:
        names, left_out = images_below(listing.root, f"{below}/{class_name}" if below else class_name)
        odd += left_out
        listing.add(names, class_name, split)
        if not names:
            listing.empty.append((split, class_name))
    where = listing.root / below
    note_unclassed(listing, folder, where)
    if odd:
        text = ntext(
            "{count} file in {path} does not have an image's suffix: left out",
            "{count} files in {path} do not have an image's suffix: left out",
            odd,
        )
        listing.notes.append(text.format(count=odd, path=where))


def note_unclassed(listing: Listing, folder: Folder, path: Path) -> None:
    """Note how many images lie directly in `path`, outside any class folder."""
    if folder.images:
        text = ntext(
            "{count} image directly in {path} belongs to no class: left out",
            "{count} images directly in {path} belong to no class: left out",
            len(folder.images),
        )
        listing.notes.append(text.format(count=len(folder.images), path=path))
