"""One process at a time in a run folder, so that two trainings cannot write one run."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from atalho.errors import RunError
from atalho.storage.atomic import writing
from atalho.text import Text

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` while entered. Raises RunError where another process does; the system frees a dead one's hold."""
    with writing(folder / LOCK):
        file = (folder / LOCK).open("a")
    with file:
        if not _hold(file) or not _is(folder / LOCK, file):
            raise RunError(
                Text(
                    "{folder} is in use by another process of Atalho. Wait for it, or choose another folder.",
                    folder=folder,
                )
            )
        yield


def _hold(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(path: Path, file: IO[str]) -> bool:
    """Whether `path` still is that file: who held it before may have removed it, and another process made a new one."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False
