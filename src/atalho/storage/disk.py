"""The system calls that durable files are made of, and nothing else.

Everything in `storage` that writes goes through these few functions. So the order of a save can be recorded, and every
call of it made to fail, to find out what a crash or a dying disk can leave behind.
"""

import os
from pathlib import Path
from typing import Final

CALLS: Final = (
    "make_folder",
    "create",
    "append_to",
    "write",
    "truncate",
    "flush",
    "close",
    "flush_folder",
    "rename",
    "unlink",
    "remove_folder",
)
"""The names of the calls."""


def make_folder(path: Path) -> None:
    """Make one folder, which must not be there."""
    path.mkdir()


def create(path: Path) -> int:
    """Make a file, which must not be there; a descriptor to write it."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def append_to(path: Path) -> int:
    """Open a file to write at its end, made where it is not there; a descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def write(descriptor: int, content: bytes | memoryview) -> int:
    """Write as much of `content` as the system takes at once; how many bytes that was."""
    return os.write(descriptor, content)


def truncate(descriptor: int, length: int) -> None:
    """Cut a file to `length` bytes."""
    os.ftruncate(descriptor, length)


def flush(descriptor: int) -> None:
    """Make what was written to a file durable. Where that fails nobody knows what is on the disk: never try again."""
    os.fsync(descriptor)


def close(descriptor: int) -> None:
    """Close a file; some file systems report only here that they could not write."""
    os.close(descriptor)


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable, not only the files."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Give a file or folder another name; a file that has it already is replaced."""
    source.replace(target)


def unlink(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def remove_folder(path: Path) -> None:
    """Remove an empty folder."""
    path.rmdir()
