"""One process at a time in a run folder, so that two trainings cannot write one run."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from atalho.errors import RunError
from atalho.storage import disk
from atalho.storage.atomic import writing

LOCK = ".lock"


def is_locked(folder: Path) -> bool:
    """Whether a process holds `folder`. False where that cannot be asked, as on a disk that is only read."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with locked(folder):
            return False
    except RunError as error:
        return isinstance(error.__context__, Timeout)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` while entered. Raises RunError where another process does; the system frees a dead one's hold."""
    lock = FileLock(folder / LOCK)
    with writing(folder / LOCK):
        if not folder.is_dir():  # which the lock would make
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        disk.refuse_link(folder / LOCK)  # filelock too follows none, where the system can
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise RunError(
                "{folder} is in use by another Atalho process. Wait for it to finish, or choose another folder.",
                folder=folder,
            ) from None
    try:
        yield
    finally:
        lock.release()
