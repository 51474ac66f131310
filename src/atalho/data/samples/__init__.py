"""Small real data sets that ship with Atalho, as strips of images in a zip file; `unpack` writes ordinary PNG folders.

`tools/make_samples.py` makes the zip files. `index.json` in each says which files a strip holds, from top to bottom.
"""

import json
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from PIL import Image

from atalho import unfinished
from atalho.errors import DataError, nearest
from atalho.text import N_

_HERE: Final = Path(__file__).parent
_MARK: Final = ".atalho-sample.json"


class Sample(NamedTuple):
    """What a sample holds and under which terms it may be passed on."""

    description: str
    licence: str


SAMPLES: Final = {
    "fashion": Sample(
        N_("10 kinds of clothing from Fashion-MNIST, 600 training and 100 test images each, 28 × 28 greyscale"),
        "MIT, Zalando SE 2017",
    ),
    "omniglot": Sample(
        N_("136 characters of 5 alphabets, each drawn by 20 people, 105 × 105 black and white: for re-identification"),
        "MIT, Brenden Lake 2015",
    ),
}


def unpack(name: str, directory: str | Path) -> Path:
    """Write the sample's images below `directory`, which must be new or empty; returns it.

    A directory that holds this sample already, complete, is left as it is. All or nothing is written.
    """
    if name not in SAMPLES:
        raise DataError("unknown sample {name}. {hint}", name=repr(name), hint=nearest(name, SAMPLES))
    return unpack_archive(_HERE / f"{name}.zip", Path(directory))


def unpack_archive(archive: Path, directory: Path) -> Path:
    """Unpack one archive of strips. DataError where a name in it leads out of `directory`."""
    with zipfile.ZipFile(archive) as file:
        index = json.loads(file.read("index.json"))
        if directory.is_dir() and any(directory.iterdir()):
            if _is_complete(directory, index):
                return directory
            raise DataError("{path} is not empty. Give a new folder for the sample, or empty this one.", path=directory)
        if directory.exists() and not directory.is_dir():
            raise DataError("{path} is a file. Give a new folder for the sample.", path=directory)
        place = Path(os.path.realpath(directory))  # a link to a folder stays one
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            for left in unfinished.abandoned(place, os.listdir(place.parent)):  # noqa: PTH208 (only the names)
                shutil.rmtree(left, ignore_errors=True)
            temporary = unfinished.name_beside(place)
            temporary.mkdir()
            try:
                with unfinished.held(temporary):
                    _write(file, index, temporary)
                    if place.exists():
                        place.rmdir()
                    temporary.rename(place)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise DataError(
                "cannot write the sample to {path}: {reason}", path=directory, reason=error.strerror
            ) from error
    return directory


def _write(file: zipfile.ZipFile, index: dict[str, Any], folder: Path) -> None:
    for strip, names in index["strips"].items():
        with Image.open(BytesIO(file.read(strip)), formats=("PNG",)) as image:
            image.load()
        height = image.height // len(names)
        for row, name in enumerate(names):
            target = folder / _checked(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            image.crop((0, row * height, image.width, (row + 1) * height)).save(target, "PNG")
    (folder / "LICENSE.txt").write_bytes(file.read("LICENSE.txt"))
    (folder / _MARK).write_text(json.dumps({"sample": index["name"]}), encoding="utf-8")


def _checked(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ":" in name or ".." in parts or parts[-1] == _MARK:
        raise DataError("the archive has an entry {name} that points outside its folder", name=repr(name))
    return name


def _is_complete(directory: Path, index: dict[str, Any]) -> bool:
    try:
        mark = json.loads((directory / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    names = (name for strip in index["strips"].values() for name in strip)
    return bool(mark == {"sample": index["name"]}) and all((directory / name).is_file() for name in names)
