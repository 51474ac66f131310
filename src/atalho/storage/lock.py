"""One process at a time in a run folder, so that two trainings cannot write one run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atalho.errors import RunError
from atalho.locale import _
from atalho.storage.atomic import writing

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` while entered. Raises RunError where another process does; the system frees a dead one's hold."""
    with writing(folder / LOCK):
        file = (folder / LOCK).open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                _("{folder} is in use by another process of Atalho. Wait for it, or choose another folder.").format(
                    folder=folder
                )
            ) from None
        yield
