"""The only module that writes durable files: at every instant the old content or the new one, never a part.

A file or folder is written beside its target under a temporary name, flushed to the disk, renamed, and the parent
folder is flushed. A folder ends with `checksums.json`: size and SHA-256 of every file in it, so that damage is seen.
A failed write is not retried: the temporary name goes, and the next write begins with a new file.
"""

import errno
import hashlib
import json
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from atalho.errors import RunError
from atalho.storage import disk
from atalho.text import Text, _

CHECKSUMS = "checksums.json"
_TEMPORARY = ".tmp-"
_UNFINISHED = re.compile(re.escape(_TEMPORARY) + "(.+)-[0-9a-f]{8}")
_MOVED_ASIDE = re.compile(re.escape(_TEMPORARY) + "(.+)-[0-9a-f]{8}-old")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written inside is a RunError that names `path` and the reason."""
    try:
        yield
    except OSError as error:
        text = _("Cannot write {path}: {reason}")
        raise RunError(text.format(path=path, reason=error.strerror or error)) from error


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, durably. Raises RunError where that cannot be written."""
    temporary = _beside(path)
    with writing(path):
        make_folder(path.parent)
        try:
            _write_and_flush(temporary, content)
            disk.rename(temporary, path)
        except BaseException:
            discard(temporary)
            raise
        disk.flush_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as JSON, durably. Raises RunError where that cannot be written."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    # The bytes of a file name that are not UTF-8 are lone surrogates in Python: as escapes they come back the same.
    write_file(path, text.encode(errors="backslashreplace"))


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder `path` with `files` and their checksums, durably; an older folder there is replaced.

    Where a folder is replaced, there is an instant at which only the new one exists under its temporary name and the
    old one is moved aside; a reader that finds neither under `path` is told so, and `sweep` brings the old one back.
    Checkpoints never replace. Raises RunError where that cannot be written.
    """
    temporary = _beside(path)
    with writing(path):
        make_folder(path.parent)
        disk.make_folder(temporary)
        try:
            for name, content in files.items():
                _write_and_flush(temporary / name, content)
            _write_and_flush(temporary / CHECKSUMS, _checksums(files))
            disk.flush_folder(temporary)
            old = _publish(temporary, path)
        except BaseException:
            discard(temporary)
            raise
        disk.flush_folder(path.parent)
        if old is not None:
            discard(old)


def read_folder(path: Path) -> dict[str, bytes]:
    """The files of a folder that `write_folder` made. Raises RunError where anything is missing or differs."""
    try:
        checksums = json.loads((path / CHECKSUMS).read_bytes())
        if any(Path(name).name != name for name in checksums):
            raise ValueError(Text("{name} refers to files outside the folder", name=CHECKSUMS))
        files = {name: (path / name).read_bytes() for name in checksums}
        damaged = [
            name
            for name, content in files.items()
            if len(content) != checksums[name]["bytes"]
            or hashlib.sha256(content).hexdigest() != checksums[name]["sha256"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(Text("{path} is incomplete or unreadable: {reason}", path=path, reason=error)) from error
    if damaged:
        raise RunError(
            Text(
                "{path} is damaged: {names} do not match the recorded sizes or checksums",
                path=path,
                names=", ".join(damaged),
            )
        )
    return files


def make_folder(path: Path) -> None:
    """Make `path` and the folders above it, durably; nothing where it is there. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        disk.make_folder(path)
    except FileExistsError:
        if not path.is_dir():
            raise
    disk.flush_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what interrupted writes left in `folder`; a folder that was about to be replaced comes back."""
    for entry in sorted(folder.glob(f"{_TEMPORARY}*")):
        aside = _MOVED_ASIDE.fullmatch(entry.name)
        if aside and not entry.with_name(aside[1]).exists():
            with writing(entry.with_name(aside[1])):
                disk.rename(entry, entry.with_name(aside[1]))
        else:
            discard(entry)


def is_temporary(name: str, targets: Collection[str]) -> bool:
    """Whether an unfinished file or folder of this name was to become one of `targets`."""
    unfinished = _UNFINISHED.fullmatch(name)
    return unfinished is not None and unfinished[1] in targets


def remove(path: Path) -> None:
    """Remove a folder. An interruption leaves it whole or under a temporary name, never a part of it as if whole."""
    temporary = _beside(path)
    with suppress(OSError):
        disk.rename(path, temporary)
        discard(temporary)


def discard(path: Path) -> None:
    """Remove a file or folder that nobody needs; what cannot be removed is left to `sweep`."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(path.iterdir()):
                discard(entry)
            disk.remove_folder(path)
        else:
            disk.unlink(path)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, in as many turns as the system wants. Raises OSError."""
    rest = memoryview(content)
    while rest:
        written = disk.write(descriptor, rest)
        if written <= 0:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]


def _beside(path: Path) -> Path:
    return path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")


def _checksums(files: Mapping[str, bytes]) -> bytes:
    checksums = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    return json.dumps(checksums, indent=1).encode()


def _publish(temporary: Path, path: Path) -> Path | None:
    """Give a complete folder its name; where the old one is moved to, if there is one. It returns if this fails."""
    if not path.exists():
        disk.rename(temporary, path)
        return None
    old = path.with_name(f"{temporary.name}-old")
    disk.rename(path, old)
    try:
        disk.rename(temporary, path)
    except BaseException:
        disk.rename(old, path)
        raise
    return old


def _write_and_flush(path: Path, content: bytes) -> None:
    descriptor = disk.create(path)
    try:
        write_all(descriptor, content)
        disk.flush(descriptor)
    finally:
        disk.close(descriptor)
