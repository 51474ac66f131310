"""The system calls that durable files are made of, and nothing else.

Everything in `storage` that writes goes through these few functions. So the order of a save can be recorded, and every
call of it made to fail, to find out what a crash or a dying disk can leave behind.

Each call names its file by a path and by the `root` that the path lies in: a run, a model folder, an experiment. The
root is reached however the user reaches it. Below it no link is followed, because a run from somebody else could
otherwise have files overwritten that it has no part in.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atalho.system import CLOSED_IN_CHILDREN, FOLDER, NO_LINK, NO_WAIT
from atalho.text import _

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

# Windows has no such calls. There the parts of a path are looked at one by one before the call.
_RELATIVE: Final = os.open in os.supports_dir_fd


def make_folder(path: Path, root: Path) -> None:
    """Make one folder, which must not be there."""
    with _reached(path, root) as (name, folder):
        os.mkdir(name, dir_fd=folder)


def create(path: Path, root: Path) -> int:
    """Make a file, which must not be there; a descriptor to write it."""
    with _reached(path, root) as (name, folder):
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_IN_CHILDREN, 0o666, dir_fd=folder)


def append_to(path: Path, root: Path) -> int:
    """Open a file to write at its end, made where it is not there; a descriptor."""
    with _reached(path, root) as (name, folder), _explained(path):
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_LINK | NO_WAIT | CLOSED_IN_CHILDREN
        descriptor = os.open(name, how, 0o666, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _("not a file"))
    return descriptor


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


def flush_folder(path: Path, root: Path) -> None:
    """Make the names in a folder durable, not only the files."""
    with _reached(path / "any", root) as (_name, folder):
        if folder is not None:  # Windows has no such call
            os.fsync(folder)


def names(path: Path, root: Path) -> list[str]:
    """The names in a folder."""
    with _reached(path / "any", root) as (_name, folder):
        return os.listdir(path if folder is None else folder)  # noqa: PTH208 (of a descriptor)


def rename(source: Path, target: Path, root: Path) -> None:
    """Give a file or folder another name in its folder; a file or link that has it already is replaced."""
    with _reached(source, root) as (name, folder):
        new = target.name if folder is not None else target
        os.replace(name, new, src_dir_fd=folder, dst_dir_fd=folder)


def unlink(path: Path, root: Path) -> None:
    """Remove a file, or a link and not what it leads to."""
    with _reached(path, root) as (name, folder):
        os.unlink(name, dir_fd=folder)


def remove_folder(path: Path, root: Path) -> None:
    """Remove an empty folder."""
    with _reached(path, root) as (name, folder):
        os.rmdir(name, dir_fd=folder)


@contextmanager
def _reached(path: Path, root: Path) -> Iterator[tuple[str, int | None]]:
    """How to name `path` in a call: relative to the open folder that it is in, which no link below `root` led to."""
    between = path.relative_to(root).parts[:-1]
    if not _RELATIVE:
        for count in range(1, len(between) + 1):
            refuse_link(root.joinpath(*between[:count]))
        yield os.fspath(path), None
        return
    folder = os.open(root, FOLDER)
    try:
        for count, part in enumerate(between, 1):
            with _explained(root.joinpath(*between[:count])):
                inner = os.open(part, FOLDER | NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield path.name, folder
    finally:
        os.close(folder)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Opening `path` fails with the same codes where it is a link as where it is another thing: say which it is."""
    if not _RELATIVE:
        refuse_link(path)
    try:
        yield
    except OSError:
        refuse_link(path)
        raise


def refuse_link(path: Path) -> None:
    """Raise OSError where `path` is a link: for what others open by name, which it may be given to in between."""
    if path.is_symlink():
        text = _("{path} is a link, and links inside a folder of results are not followed. Replace it with its target.")
        raise OSError(errno.ELOOP, text.format(path=path))
