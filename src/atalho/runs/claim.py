"""Taking a folder for a new run: what others have there stays, and what a killed start left does not bar the way."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from atalho.data.manifest import Manifest
from atalho.errors import RunError
from atalho.storage import atomic, run_folder
from atalho.storage.lock import LOCK, locked
from atalho.storage.run_places import HOME

_FOLDERS = ("class-folders", "split-folders", "identities")
"""Layouts in which any folder may hold images."""
_OF_A_START = (*run_folder.FIRST, run_folder.CONFIG)


@contextmanager
def claimed(asked: Path | None, data: str) -> Iterator[Path]:
    """Hold a new folder for a run while entered: the one asked for, which must be new or empty, else `runs/<data>`.

    A start that was killed before its folder became a run does not take the folder away.
    A folder in which no run began is not left behind. Raises RunError where the folder is taken or cannot be made.
    """
    before = asked is not None and asked.exists()
    folder = _make_folder(place(asked, data))
    try:
        with locked(folder):
            if not _is_free(folder):
                raise _taken(folder)
            atomic.sweep(folder, *_OF_A_START)
            try:
                yield folder
            finally:
                if not (folder / run_folder.CONFIG).exists():
                    for name in run_folder.FIRST:
                        atomic.discard(folder / name)
    finally:
        if not (folder / run_folder.CONFIG).exists():
            with suppress(OSError):
                (folder / LOCK).unlink()
                if not before:
                    folder.rmdir()


def refuse_taken(asked: Path | None) -> None:
    """RunError where the folder asked for cannot be a new run's; `claimed` would say so after the images were read."""
    if asked is None or not asked.exists() or (asked.is_dir() and _is_free(asked)):
        return
    if (asked / LOCK).exists():
        with locked(asked):
            raise _taken(asked)
    raise _taken(asked)


def refuse_among_images(asked: Path | None, data: str, manifest: Manifest) -> None:
    """RunError where the run would lie among its images: its figures would be taken for images of a further class."""
    folder = asked if asked is not None else Path(HOME)
    if manifest.layout in _FOLDERS and folder.resolve().is_relative_to(Path(data).resolve()):
        raise RunError(
            "{path} is inside the folder of the images, where the run's figures would be read as images. "
            "Choose another --out.",
            path=folder,
        )


def _make_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise _taken(folder)
    with atomic.writing(folder):
        atomic.make_folder(folder)
    return folder


def _is_free(folder: Path) -> bool:
    """Whether there is nothing in a folder, or only what a start leaves that was killed before there was a run."""
    names = {entry.name for entry in folder.iterdir()} - {LOCK}
    unfinished = {name for name in names if atomic.is_temporary(name, _OF_A_START)}
    begun = [name for name in run_folder.FIRST if name in names]
    return names - unfinished == set(run_folder.FIRST[: len(begun)])


def place(asked: Path | None, data: str) -> Path:
    """Where a run will lie: the folder asked for, otherwise `runs/<data>` with the first number that is free."""
    return asked if asked is not None else next(folder for folder in _numbered(data) if not folder.exists())


def earlier(data: str) -> list[Path]:
    """The folders that runs on `data` got where none was asked for, the newest first."""
    return list(itertools.takewhile(Path.exists, _numbered(data)))[::-1]


def _numbered(data: str) -> Iterator[Path]:
    # Of a link to itself, `Path.resolve` raises until Python 3.13.
    name = Path(os.path.realpath(data)).name.split(".")[0] or "run"
    return (Path(HOME) / (name if number == 1 else f"{name}-{number}") for number in itertools.count(1))


def _taken(folder: Path) -> RunError:
    if not run_folder.is_run(folder):
        return RunError("{path} already exists and is not a run. Choose another --out.", path=folder)
    return RunError(
        "{path} already exists. Choose another --out, or continue that run with --resume {path}.", path=folder
    )
