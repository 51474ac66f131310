"""The names of what is still being written, and whether who wrote it is gone.

A file or folder is written beside its target under a temporary name. Where the process is killed meanwhile, that stays,
and the next write of the same target removes it. What another process is writing just then is held by it and stays.
"""

import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from atalho import system

_TEMPORARY: Final = re.compile(r"\.tmp-(?P<target>.+)-[0-9a-f]{8}(?P<aside>-old)?")
_SECONDS_UNTIL_HELD: Final = 2.0
_SECONDS_UNTIL_OLD: Final = 24 * 60 * 60.0


class Unfinished(NamedTuple):
    """What a temporary name says: what was to be written, and whether it is the old folder that was moved aside."""

    target: str
    aside: bool


def name_beside(path: Path) -> Path:
    """A new temporary name for what is to become `path`."""
    return path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")


def parse(name: str) -> Unfinished | None:
    """What a temporary name says; None for any other name."""
    found = _TEMPORARY.fullmatch(name)
    return Unfinished(found["target"], found["aside"] is not None) if found else None


def abandoned(path: Path, names: Iterable[str]) -> list[Path]:
    """Those of `names` beside `path` that were to become `path` and that nobody writes any more."""
    unfinished = [path.with_name(name) for name in names if parse(name) == Unfinished(path.name, False)]
    return [left for left in unfinished if _is_abandoned(left)]


def hold(descriptor: int) -> None:
    """Say that this process writes the file or folder, until the descriptor is closed or the process is gone."""
    with suppress(OSError):  # a file system without locks
        system.lock(descriptor)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder while entered."""
    if system.WINDOWS:
        yield
        return
    descriptor = os.open(folder, system.FOLDER | system.NO_LINK)
    try:
        hold(descriptor)
        yield
    finally:
        os.close(descriptor)


def _is_abandoned(path: Path) -> bool:
    try:
        age = time.time() - path.lstat().st_mtime
        if system.WINDOWS:  # there only the age of a file tells
            return age > _SECONDS_UNTIL_OLD
        descriptor = os.open(path, os.O_RDONLY | system.NO_LINK | system.NO_WAIT | system.CLOSED_IN_CHILDREN)
    except OSError:
        return False
    try:
        system.lock(descriptor)
        return age > _SECONDS_UNTIL_HELD  # between making a file and holding it there is a moment
    except BlockingIOError:
        return False
    except OSError:
        return age > _SECONDS_UNTIL_OLD
    finally:
        os.close(descriptor)
