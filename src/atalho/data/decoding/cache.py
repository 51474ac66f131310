"""The cache folder: everything in it can be rebuilt from the images and may be deleted at any time."""

import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from atalho.errors import DataError
from atalho.text import Text

_ABANDONED_SECONDS: Final = 24 * 3600


def cache_folder(given: Path | None = None) -> Path:
    """`given`, else $ATALHO_CACHE, else the user's caches: on Linux $XDG_CACHE_HOME/atalho or ~/.cache/atalho.

    Raises DataError where the user has no home.
    """
    if given is not None:
        return given
    if os.environ.get("ATALHO_CACHE"):
        return Path(os.environ["ATALHO_CACHE"])
    with suppress(RuntimeError):  # older versions of platformdirs give a path that begins with ~
        folder = user_cache_path("atalho", appauthor=False)
        if folder.is_absolute():
            return folder
    raise DataError("No home folder for the cache. Set ATALHO_CACHE to a writable folder.")


def temporary(target: Path) -> Path:
    """A new name beside `target`, to be renamed to it when complete. Its folder is made; abandoned ones go."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
    except OSError as error:
        text = Text("cannot use the cache folder {path}: {reason}. Set ATALHO_CACHE to a writable folder.")
        raise DataError(text.format(path=target.parent, reason=error.strerror)) from error
    return target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")


@contextmanager
def caching(target: Path) -> Iterator[None]:
    """What cannot be written inside is a DataError that says what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            "cannot write the cache {path}: {reason}. Free some space there, or set ATALHO_CACHE to a folder "
            "with enough.",
            path=target,
            reason=error.strerror or error,
        ) from error


def save_arrays(target: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to one file, all or nothing."""
    unfinished = temporary(target)
    with caching(target):
        try:
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)


def load_arrays(file: Path, names: set[str]) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file that `save_arrays` wrote; None where it is missing or damaged (it has checksums)."""
    try:
        # Opened here, since np.load does not close a damaged file.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile):
        return None
    return arrays


def make_room(folder: Path, keep: Path, most_bytes: float) -> None:
    """Delete the entries of `folder` used longest ago until the rest, `keep` among them, has at most `most_bytes`."""
    entries: list[tuple[float, int, Path]] = []
    for entry in folder.iterdir():
        if entry != keep and entry.suffix != ".tmp":
            with suppress(FileNotFoundError):  # another run may just have deleted it
                entries.append((entry.stat().st_mtime, size_of(entry), entry))
    total = size_of(keep)
    for _used, size, entry in sorted(entries, reverse=True):
        total += size
        if total > most_bytes:
            shutil.rmtree(entry, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Bytes of the files directly in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir())


def _sweep(folder: Path) -> None:
    for entry in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):  # another run may just have completed it under its own name
            if time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink()
