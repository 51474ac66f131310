"""The only module that writes durable files: at every instant the old content or the new one, never a part.

A file or folder is written beside its target under a temporary name, flushed to the disk, renamed, and the parent
folder is flushed. A folder ends with `checksums.json`: size and SHA-256 of every file in it, so that damage is seen.
A failed write is not retried: the temporary name goes, and the next write begins with a new file.

`root` is the folder below which no link is followed (see `disk`), by default the one that `path` lies in.
"""

import errno
import fnmatch
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from atalho import limits, unfinished
from atalho.errors import RunError
from atalho.storage import disk
from atalho.text import Text, _

CHECKSUMS = "checksums.json"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written inside is a RunError that names `path` and the reason."""
    try:
        yield
    except OSError as error:
        text = _("Cannot write {path}: {reason}")
        raise RunError(text.format(path=path, reason=error.strerror or error)) from error


def write_file(path: Path, content: bytes, root: Path | None = None) -> None:
    """Replace `path` by `content`, durably. Raises RunError where that cannot be written."""
    root, temporary = root or path.parent, unfinished.name_beside(path)
    with writing(path):
        make_folder(path.parent)
        _clear(path, root)
        try:
            _write_and_flush(temporary, content, root)
            disk.rename(temporary, path, root)
        except BaseException:
            discard(temporary, root)
            raise
        disk.flush_folder(path.parent, root)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file to fill, which replaces `path` durably unless an error is raised. Raises RunError as `write_file`."""
    root, temporary = path.parent, unfinished.name_beside(path)
    with writing(path):
        make_folder(root)
        _clear(path, root)
        descriptor = disk.create(temporary, root)
        try:
            with os.fdopen(descriptor, "wb") as file:
                unfinished.hold(descriptor)
                yield file
                file.flush()
                disk.flush(descriptor)
            disk.rename(temporary, path, root)
        except BaseException:
            discard(temporary, root)
            raise
        disk.flush_folder(root, root)


def write_json(path: Path, value: Any, root: Path | None = None) -> None:
    """Replace `path` by `value` as JSON, durably. Raises RunError where that cannot be written."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    # The bytes of a file name that are not UTF-8 are lone surrogates in Python: as escapes they come back the same.
    write_file(path, text.encode(errors="backslashreplace"), root)


def write_folder(path: Path, files: Mapping[str, bytes], root: Path | None = None) -> None:
    """Make the folder `path` with `files` and their checksums, durably; an older folder there is replaced.

    Where a folder is replaced, there is an instant at which only the new one exists under its temporary name and the
    old one is moved aside; a reader that finds neither under `path` is told so, and `sweep` brings the old one back.
    Checkpoints never replace. Raises RunError where that cannot be written.
    """
    root, temporary = root or path.parent, unfinished.name_beside(path)
    with writing(path):
        make_folder(path.parent)
        _clear(path, root)
        disk.make_folder(temporary, root)
        try:
            with unfinished.held(temporary):
                for name, content in files.items():
                    _write_and_flush(temporary / name, content, root)
                _write_and_flush(temporary / CHECKSUMS, _checksums(files), root)
                disk.flush_folder(temporary, root)
                old = _publish(temporary, path, root)
        except BaseException:
            discard(temporary, root)
            raise
        disk.flush_folder(path.parent, root)
        if old is not None:
            discard(old, root)


def read_folder(path: Path, known: Collection[str]) -> dict[str, bytes]:
    """The files, some of those `known`, of a folder that `write_folder` made.

    Raises RunError where anything else is listed, is missing or differs. A file of another size is not read.
    """
    try:
        checksums = limits.read_json(path / CHECKSUMS, limits.SMALL_JSON)
        if not isinstance(checksums, dict):
            raise ValueError(Text("{name} does not contain a JSON object", name=CHECKSUMS))
        if unknown := [name for name in checksums if name not in known]:
            raise ValueError(Text("{name} refers to other files: {names}", name=CHECKSUMS, names=", ".join(unknown)))
        files, damaged = {}, []
        for name, sums in checksums.items():
            same = (path / name).stat().st_size == sums["bytes"]
            files[name] = limits.read(path / name, limits.TENSORS) if same else b""
            if not same or hashlib.sha256(files[name]).hexdigest() != sums["sha256"]:
                damaged.append(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError("{path} is incomplete or unreadable: {reason}", path=path, reason=error) from error
    if damaged:
        raise RunError(
            "{path} is damaged: {names} do not match the recorded sizes or checksums",
            path=path,
            names=", ".join(damaged),
        )
    return files


def make_folder(path: Path) -> None:
    """Make `path` and the folders above it, durably; nothing where it is there. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        disk.make_folder(path, path.parent)
    except FileExistsError:
        if not path.is_dir():
            raise
    disk.flush_folder(path.parent, path.parent)


def sweep(folder: Path, *targets: str, root: Path | None = None) -> None:
    """Remove what interrupted writes of `targets`, names or patterns, left in `folder`.

    A folder that was about to be replaced comes back. What has another name is somebody else's.
    """
    if not folder.is_dir():
        return
    root = root or folder
    with writing(folder):
        for name in sorted(disk.names(folder, root)):
            left = unfinished.parse(name)
            if left is None or not _is_one_of(left.target, targets):
                continue
            if left.aside and not os.path.lexists(folder / left.target):
                disk.rename(folder / name, folder / left.target, root)
            else:
                discard(folder / name, root)


def is_temporary(name: str, targets: tuple[str, ...]) -> bool:
    """Whether an unfinished file or folder of this name was to become one of `targets`, names or patterns."""
    left = unfinished.parse(name)
    return left is not None and not left.aside and _is_one_of(left.target, targets)


def remove(path: Path, root: Path) -> None:
    """Remove a folder. An interruption leaves it whole or under a temporary name, never a part of it as if whole."""
    temporary = unfinished.name_beside(path)
    with suppress(OSError):
        disk.rename(path, temporary, root)
        discard(temporary, root)


def discard(path: Path, root: Path | None = None) -> None:
    """Remove a file or folder that nobody needs; what cannot be removed is left to `sweep`."""
    root = root or path.parent
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for name in sorted(disk.names(path, root)):
                discard(path / name, root)
            disk.remove_folder(path, root)
        else:
            disk.unlink(path, root)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, in as many turns as the system wants. Raises OSError."""
    rest = memoryview(content)
    while rest:
        written = disk.write(descriptor, rest)
        if written <= 0:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]


def _clear(path: Path, root: Path) -> None:
    """Remove what killed writes of `path` left beside it."""
    for left in unfinished.abandoned(path, disk.names(path.parent, root)):
        discard(left, root)


def _is_one_of(name: str, targets: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, target) for target in targets)


def _checksums(files: Mapping[str, bytes]) -> bytes:
    checksums = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    return json.dumps(checksums, indent=1).encode()


def _publish(temporary: Path, path: Path, root: Path) -> Path | None:
    """Give a complete folder its name; where the old one is moved to, if there is one. It returns if this fails."""
    if not os.path.lexists(path):
        disk.rename(temporary, path, root)
        return None
    old = path.with_name(f"{temporary.name}-old")
    disk.rename(path, old, root)
    try:
        disk.rename(temporary, path, root)
    except BaseException:
        disk.rename(old, path, root)
        raise
    return old


def _write_and_flush(path: Path, content: bytes, root: Path) -> None:
    descriptor = disk.create(path, root)
    try:
        unfinished.hold(descriptor)
        write_all(descriptor, content)
        disk.flush(descriptor)
    finally:
        disk.close(descriptor)
