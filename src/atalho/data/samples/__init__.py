"""Small real data sets that ship with Atalho; `unpack` writes ordinary folders of images.

`tools/make_samples.py` makes the archives. Tiny PNGs lie in a zip file as strips, and `index.json` says which files a
strip holds, from top to bottom; photographs lie in a tar file as the JPEGs that they are.
"""

import difflib
import json
import os
import shutil
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple, Protocol, Self

from PIL import Image

from atalho import unfinished
from atalho.errors import DataError
from atalho.text import N_, Text

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
    "trash": Sample(
        N_("2,476 photographs of rubbish in 6 classes of unequal size from TrashNet, 112 × 84 pixels, without splits"),
        "MIT, Gary Thung 2017",
    ),
}
_CLOSE: Final = 0.75  # mnist is 0.6 close to omniglot
_SUFFIXES: Final = {"trash": ".tar.xz"}
_LICENCE: Final = "LICENSE.txt"


class Archive(Protocol):
    """An archive of a sample, open."""

    name: str
    """Of the sample."""

    @property
    def names(self) -> list[str]:
        """The files of the images that it holds."""

    def unpack_into(self, folder: Path) -> None:
        """Write all of them, and the licence, below `folder`."""


def unpack(name: str, directory: str | Path) -> Path:
    """Write the sample's images below `directory`, which must be new or empty; returns it.

    A directory that holds this sample already, complete, is left as it is. All or nothing is written.
    """
    if name not in SAMPLES:
        raise DataError("unknown sample {name}. {hint}", name=repr(name), hint=_hint(name))
    return unpack_archive(_HERE / f"{name}{_SUFFIXES.get(name, '.zip')}", Path(directory))


def _hint(name: str) -> Text:
    """The sample that is meant, where it is all but spelt out; otherwise what each of them holds."""
    close = difflib.get_close_matches(name, SAMPLES, n=1, cutoff=_CLOSE)
    if close or "mnist" in name.lower():
        return Text("Did you mean {names}?", names=close[0] if close else "fashion")
    return Text("Accepted: {names}.", names=", ".join(SAMPLES))


def unpack_archive(archive: Path, directory: Path) -> Path:
    """Unpack one archive. DataError where a name in it leads out of `directory`."""
    with ZipStrips(archive) if archive.suffix == ".zip" else TarImages(archive) as opened:
        if directory.is_dir() and any(directory.iterdir()):
            if _is_complete(directory, opened):
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
                    opened.unpack_into(temporary)
                    mark = json.dumps({"sample": opened.name})
                    (temporary / _MARK).write_text(mark, encoding="utf-8")
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


class ZipStrips(zipfile.ZipFile):
    """A zip file of strips."""

    def __init__(self, archive: Path) -> None:
        super().__init__(archive)
        self._index: dict[str, Any] = json.loads(self.read("index.json"))
        self.name = self._index["name"]

    @property
    def names(self) -> list[str]:
        return [name for strip in self._index["strips"].values() for name in strip]

    def unpack_into(self, folder: Path) -> None:
        for strip, names in self._index["strips"].items():
            with Image.open(BytesIO(self.read(strip)), formats=("PNG",)) as image:
                image.load()
            height = image.height // len(names)
            for row, name in enumerate(names):
                image.crop((0, row * height, image.width, (row + 1) * height)).save(_place(folder, name), "PNG")
        (folder / _LICENCE).write_bytes(self.read(_LICENCE))


class TarImages:
    """A compressed tar file of images, called like the sample."""

    def __init__(self, archive: Path) -> None:
        self.name = archive.name.partition(".")[0]
        self._tar = tarfile.open(archive, "r:xz")  # noqa: SIM115 (closed with this one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._tar.close()

    @property
    def names(self) -> list[str]:
        return [name for name in self._tar.getnames() if name != _LICENCE]

    def unpack_into(self, folder: Path) -> None:
        for member in self._tar.getmembers():
            content = self._tar.extractfile(member)
            if content is not None:
                _place(folder, member.name).write_bytes(content.read())


def _place(folder: Path, name: str) -> Path:
    place = folder / _checked(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _checked(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ":" in name or ".." in parts or parts[-1] == _MARK:
        raise DataError("the archive has an entry {name} that points outside its folder", name=repr(name))
    return name


def _is_complete(directory: Path, archive: Archive) -> bool:
    try:
        mark = json.loads((directory / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(mark == {"sample": archive.name}) and all((directory / name).is_file() for name in archive.names)
