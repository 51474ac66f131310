"""Which files of a folder are images, found without opening or stat-ing any of them."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from atalho.data.manifest import bytewise
from atalho.errors import DataError
from atalho.text import Text

# Also the formats that are refused later, so that such a file is named and not silently left out.
IMAGE_SUFFIXES: Final = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
        *(".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".ico", ".psd"),
    }
)
_DOCUMENTS: Final = frozenset({".txt", ".md", ".json", ".csv", ".xml", ".toml", ".yaml", ".yml", ".pdf"})
_IGNORED: Final = frozenset({"__macosx", "@eadir", "$recycle.bin", "thumbs.db"})


@dataclass
class Folder:
    """The direct content of one folder, sorted bytewise. `others` are files without an image's suffix."""

    images: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def odd(self) -> int:
        """How many of the others are not documents either, such as an image in an unknown format."""
        return sum(os.path.splitext(name)[1].lower() not in _DOCUMENTS for name in self.others)  # noqa: PTH122


def is_image_name(name: str) -> bool:
    """By its suffix alone; what the file really is, decoding says."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 (in the loop over every file)


def list_folder(path: Path, *, classes: bool = False) -> Folder:
    """What lies in `path`. A folder with an image's suffix is listed as an image, unless `classes` are looked for."""
    folder = Folder()
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(".") or name.casefold() in _IGNORED:
                    continue
                image = is_image_name(name)
                if _is_folder(entry) and (classes or not image):
                    folder.folders.append(name)
                elif image:
                    folder.images.append(name)
                else:
                    folder.others.append(name)
    except OSError as error:
        raise _unreadable(path, error) from error
    folder.images.sort(key=bytewise)
    folder.folders.sort(key=bytewise)
    folder.others.sort(key=bytewise)
    return folder


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def images_below(root: Path, folder: str) -> tuple[list[str], int]:
    """Names, relative to `root`, of all images in `folder` and below it; and how many odd files there were.

    Links to folders are followed, but not to a folder that was entered already or that `folder` lies in.
    """
    names: list[str] = []
    odd = 0
    # A link back to a folder above would make all images those of this class.
    entered = {_identity(above) for above in (root / folder).absolute().parents}
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        identity = _identity(root / current)
        if identity in entered:
            continue
        entered.add(identity)
        inside = list_folder(root / current)
        names += [f"{current}/{name}" for name in inside.images]
        odd += inside.odd
        waiting += [f"{current}/{name}" for name in reversed(inside.folders)]
    return names, odd


def _identity(folder: Path) -> tuple[int, int]:
    try:
        status = folder.stat()
    except OSError as error:
        raise _unreadable(folder, error) from error
    return status.st_dev, status.st_ino


def refuse_undecodable(name: str, path: Path) -> None:
    """DataError for the name of a class that is not UTF-8: a model's file could not hold it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(name).decode(errors="replace")
        text = Text("{path}: the name of the folder {name} is not valid UTF-8. Rename it.")
        raise DataError(text.format(path=path, name=shown)) from None


def _unreadable(folder: Path, error: OSError) -> DataError:
    return DataError("cannot read the folder {path}: {reason}", path=folder, reason=error.strerror)
