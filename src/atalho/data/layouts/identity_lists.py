"""Re-identification sets that come with lists, or with names of their own: MSMT17, Stanford Online Products, CUHK03."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from atalho import limits
from atalho.data.layouts.listing import Listing
from atalho.data.layouts.scan import Folder, list_folder
from atalho.errors import DataError
from atalho.text import Text

# Which list is of which split, and in which folder its images are; those of version 2 have another name.
_MSMT17: Final = {
    "list_train.txt": ("train", ("train", "mask_train_v2")),
    "list_val.txt": ("train", ("train", "mask_train_v2")),
    "list_query.txt": ("query", ("test", "mask_test_v2")),
    "list_gallery.txt": ("gallery", ("test", "mask_test_v2")),
}
_PRODUCTS: Final = {"Ebay_train.txt": "train", "Ebay_test.txt": "test"}
_CUHK03_NAME: Final = re.compile(r"(\d_\d{3})_([12])_\d{2}\.")  # two cameras to each of five pairs of cameras
_CUHK03_FOLDERS: Final = ("images_labeled", "images_detected")


def read(path: Path, folder: Folder) -> Listing | None:
    """The images of a folder that is one of these sets; None where it is none. Raises DataError for a damaged list."""
    if set(_MSMT17) - {"list_val.txt"} <= set(folder.others):
        return _msmt17(path, folder)
    if set(_PRODUCTS) <= set(folder.others):
        return _products(path)
    if folder.folders and folder.folders[0] in _CUHK03_FOLDERS and len(folder.folders) == 1 and not folder.images:
        return read(path / folder.folders[0], list_folder(path / folder.folders[0], classes=True))
    if folder.images and all(map(_CUHK03_NAME.match, folder.images)):
        listing = Listing(path, "cuhk03")
        for name in folder.images:
            if match := _CUHK03_NAME.match(name):
                listing.add([name], match[1], "", match[2])
        return listing
    return None


def refuse_two(path: Path, folder: Folder, market: frozenset[str]) -> None:
    """DataError for a folder that holds the same people twice, cut by hand and by a detector."""
    twice = [name for name in folder.folders if name in _CUHK03_FOLDERS or _holds(path / name, market)]
    if len(twice) > 1:
        raise DataError(
            "{path} holds several sets ({names}), which may show the same people. Give one of them: {path}/{first}, "
            "or {path}/{second}.",
            path=path,
            names=", ".join(twice),
            first=twice[0],
            second=twice[1],
        )


def _holds(path: Path, folders: frozenset[str]) -> bool:
    return all((path / name).is_dir() for name in folders)


def _msmt17(path: Path, folder: Folder) -> Listing:
    """Lines like `0000/0000_000_01_0303morning_0015_0.jpg 0`; identities of train and test are numbered alike."""
    listing = Listing(path, "msmt17")
    for name, (split, places) in _MSMT17.items():
        if name not in folder.others:
            continue
        place = next((place for place in places if place in folder.folders), places[0])
        for line, words in _lines(path / name):
            parts = words[0].rpartition("/")[2].split("_")
            if len(words) != 2 or len(parts) < 4:
                raise _odd(path / name, line, "0000/0000_000_01_0303morning_0015_0.jpg 0")
            side = "train" if split == "train" else "test"
            listing.add([f"{place}/{words[0]}"], f"{side}/{parts[0]}", split, parts[2])
    return listing


def _products(path: Path) -> Listing:
    """Lines like `1 1 1 bicycle_final/111085053_0.JPG`, below a header: image, product, super-class, path."""
    listing = Listing(path, "products")
    for name, split in _PRODUCTS.items():
        for line, words in _lines(path / name):
            if line == 1:
                continue
            if len(words) != 4:
                raise _odd(path / name, line, "1 1 1 bicycle_final/111085053_0.JPG")
            listing.add([words[3]], words[1], split)
    return listing


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that has any, with its number."""
    try:
        content = limits.read_text(path, limits.NAMES)
    except (OSError, ValueError) as error:
        raise DataError("Cannot read {path}: {reason}", path=path, reason=error) from error
    for number, line in enumerate(content.splitlines(), 1):
        if words := line.split():
            yield number, words


def _odd(path: Path, line: int, example: str) -> DataError:
    where = Text("{path}, line {line}", path=path, line=line)
    return DataError("{where}: expected a line such as {example}.", where=where, example=example)
