"""Where the images of a table lie: beside it, or, as competitions have it, in a folder and without their suffixes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from atalho.data.layouts.scan import list_folder
from atalho.data.layouts.split_names import split_roles
from atalho.text import Text

_TRIED: Final = 50


@dataclass(frozen=True)
class TableImages:
    """The files of a table's names. `there` says whether most of those that were tried exist; `said` is for a note."""

    there: bool
    folder: str = ""
    suffixes: dict[str, str] = field(default_factory=dict)
    backslashes: bool = False
    said: Text | None = None

    def of(self, name: str) -> str:
        """The file's name, relative to the table's folder."""
        name = name.replace("\\", "/") if self.backslashes else name
        return f"{self.folder}{name}{self.suffixes.get(name, '')}"


def places(root: Path, names: Sequence[str], split: str) -> TableImages:
    """Where the images called `names` lie, below the folder `root` of their table; first in a folder of that split."""
    tried = names[:: max(1, len(names) // _TRIED)][:_TRIED]
    if _most(root, tried, TableImages(True)):
        return TableImages(True)
    if any("\\" in name for name in tried) and _most(root, tried, parted := TableImages(True, backslashes=True)):
        text = Text("{table}: backslashes in its paths are read as folder separators", table="")
        return TableImages(True, backslashes=parted.backslashes, said=text)
    roles = split_roles(list_folder(root, classes=True).folders)
    for folder in ["", *sorted(roles, key=lambda name: (roles[name] != split, roles[name] is not None, name))]:
        below = f"{folder}/" if folder else ""
        inner = [] if not folder else list_folder(root / folder, classes=True).folders
        for place in (below, *(f"{below}{name}/" for name in inner[:_TRIED])):
            text = Text("{table}: its images are in {folder}", table="", folder=place or ".")
            if _most(root, tried, TableImages(True, place)):
                return TableImages(True, place, said=text)
            suffixes = _suffixes(root / place)
            if suffixes and _most(root, tried, TableImages(True, place, suffixes)):
                return TableImages(True, place, suffixes, said=text)
    return TableImages(False)


def _most(root: Path, tried: Sequence[str], images: TableImages) -> bool:
    found = sum(os.path.isfile(root / images.of(name)) for name in tried if "\0" not in name)  # noqa: PTH113 (no error for an odd name)
    return 2 * found > len(tried)


def _suffixes(folder: Path) -> dict[str, str]:
    """By the name without a suffix, the suffix of each image in a folder."""
    return dict(os.path.splitext(name) for name in list_folder(folder).images)  # noqa: PTH122
