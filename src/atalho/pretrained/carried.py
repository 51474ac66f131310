"""Fetched weights carried to machines without a network: a folder of files and a list of what they are.

What is added is checked as if it had been fetched; so nothing depends on who carried it.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass

from atalho import limits, stored
from atalho.errors import WeightsError
from atalho.pretrained import cache, names, table, transport
from atalho.pretrained.names import WeightsSource
from atalho.storage import atomic, sidecar
from atalho.text import Text
from atalho.validation import checked

_LIST: Final = "weights.json"


@checked_dataclass(frozen=True, config=ConfigDict(extra="ignore"))
class CarriedFile:
    """A line of the list: a name, the file below the folder, and its whole hash."""

    name: str
    file: str
    sha256: str


@checked_dataclass(frozen=True, config=ConfigDict(extra="ignore"))
class CarriedList:
    """What `weights.json` holds."""

    files: tuple[CarriedFile, ...]
    format: int = 1


@dataclass(frozen=True)
class Left:
    """A file that was not added, and why."""

    file: str
    reason: str


def export(target: Path) -> list[CarriedFile]:
    """Copy every file of weights in the cache to the folder `target`, with a list of them."""
    carried: list[CarriedFile] = []
    with atomic.writing(target):
        for source in _fetched():
            file = cache.file_of(source)
            place = file.relative_to(cache.folder() / "files")
            _copy(source, file, target / place)
            carried.append(CarriedFile(source.name, place.as_posix(), transport.hash_of(target / place)))
        atomic.make_folder(target)
        atomic.write_json(target / _LIST, stored.to_object(CarriedList(tuple(carried))))
    return carried


def add(folder: Path) -> tuple[list[str], list[Left]]:
    """Copy files of weights from `folder` into the cache: those of its list, or else those called as in the table.

    Returns the names that can be used now, and what was left with the reason. Raises WeightsError where there is
    nothing that could be added.
    """
    added: list[str] = []
    left: list[Left] = []
    for source, file, expected in _offered(folder):
        target = cache.file_of(source)
        unchecked = target.with_name(f"{target.name}.added")
        try:
            _copy(source, file, unchecked)
            found, known = transport.hash_of(unchecked), cache.known_hash(source) or expected
            if not found.startswith(known):
                raise ValueError(Text("its SHA-256 is {found}, not {expected}", found=found, expected=known))
            unchecked.replace(target)
        except (OSError, ValueError) as error:
            unchecked.unlink(missing_ok=True)
            left.append(Left(str(file), str(error)))
            continue
        if source.row is None:
            cache.remember_hash(source, found)
        added.append(source.name)
    if not added and not left:
        raise WeightsError(
            "{folder} holds no weights that Atalho knows: neither {list}, as `atalho weights export` writes it, nor a "
            "file that is called as where it comes from, such as {example}.",
            folder=folder,
            list=_LIST,
            example=table.read().rows[0].filename,
        )
    return added, left


def _copy(source: WeightsSource, file: Path, target: Path) -> None:
    """A regular file, and what the Hub keeps beside it. Raises OSError, or ValueError for another kind of file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = [name for name in sidecar.FILES if source.sidecars and file.with_name(name).is_file()]
    for original, copy in ((file, target), *((file.with_name(name), target.with_name(name)) for name in beside)):
        with limits.open_regular(original, limits.TENSORS) as opened, copy.open("wb") as written:
            shutil.copyfileobj(opened, written)


def _fetched() -> Iterator[WeightsSource]:
    """Everything that is in the cache of files."""
    for row in table.read().rows:
        source = names.source_of(row.name)
        if cache.file_of(source).is_file():
            yield source
    for known in cache.remembered():
        source = names.source_of(known.name)
        if cache.file_of(source).is_file():
            yield source


def _offered(folder: Path) -> Iterator[tuple[WeightsSource, Path, str]]:
    """What a folder offers: the weights, the file, and the hash that its list says."""
    try:
        if (folder / _LIST).exists():
            for line in checked(CarriedList, limits.read_json(folder / _LIST, limits.SMALL_JSON)).files:
                place = PurePosixPath(line.file)
                if place.is_absolute() or ".." in place.parts:
                    raise ValueError(Text("{file} is not below the folder", file=line.file))
                yield names.source_of(line.name), folder / place, line.sha256
            return
        files = {path.name: path for path in sorted(folder.rglob("*"))}
    except (OSError, ValueError) as error:
        raise WeightsError("Cannot read {path}: {reason}", path=folder / _LIST, reason=error) from error
    for row in table.read().rows:
        if row.filename in files:
            yield names.source_of(row.name), files[row.filename], row.sha256
