"""Where runs lie in a folder: a bounded look at what is in it. No torch here, so that the answer is immediate."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from atalho.storage import run_folder

LEVELS: Final = 2
ENTRIES: Final = 2000
"""How deep below a folder runs are looked for, and how many files and folders are looked at."""
HOME: Final = "runs"
"""The folder of runs that were given no other place."""


def find_runs(folder: Path) -> Iterator[Path]:
    """The folders of the runs in `folder`, itself, or those at most two levels below it."""
    return (here for here, _entries in look_at(folder) if run_folder.is_run(here))


def look_at(folder: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """`folder` and those at most two levels below it, with what is in each, up to 2,000 entries in all.

    Runs count as empty, and so do the folders that come after so many entries: a folder of many images hides no run.
    """
    waiting, left = [(folder, 0)], ENTRIES
    while waiting:
        here, level = waiting.pop(0)
        entries = [] if not left or run_folder.is_run(here) else _entries(here, left)
        left -= len(entries)
        yield here, entries
        if level < LEVELS:
            waiting += [(here / entry.name, level + 1) for entry in entries if entry.is_dir()]


def _entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """What is in `folder` and not hidden, `runs` first; nothing where it may not be read."""
    try:
        with os.scandir(folder) as entries:
            shown = (entry for entry in entries if not entry.name.startswith("."))
            return sorted(islice(shown, most), key=lambda entry: (entry.name != HOME, entry.name))
    except OSError:
        return []
