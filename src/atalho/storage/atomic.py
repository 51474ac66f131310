"""The only module that writes durable files: at every instant the old content or the new one, never a part.

A file or folder is written beside its target under a temporary name, flushed to the disk, renamed, and the parent
folder is flushed. A folder ends with `checksums.json`: size and SHA-256 of every file in it, so that damage is seen.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atalho.errors import RunError
from atalho.locale import _

CHECKSUMS = "checksums.json"
_TEMPORARY = ".tmp-"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written inside is a RunError that names `path` and the reason."""
    try:
        yield
    except OSError as error:
        text = _("{path} cannot be written: {reason}")
        raise RunError(text.format(path=path, reason=error.strerror or error)) from error


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, durably. Raises RunError where that cannot be written."""
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_and_flush(temporary, content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        flush_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as JSON, durably. Raises RunError where that cannot be written."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    # The bytes of a file name that are not UTF-8 are lone surrogates in Python: as escapes they come back the same.
    write_file(path, text.encode(errors="backslashreplace"))


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder `path` with `files` and their checksums, durably; an older folder there is replaced.

    Where a folder is replaced, there is an instant at which only the new one exists under its temporary name and the
    old one is moved aside; a reader that finds neither under `path` is told so. Checkpoints never replace.
    Raises RunError where that cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace_folder(path, files)


def read_folder(path: Path) -> dict[str, bytes]:
    """The files of a folder that `write_folder` made. Raises RunError where anything is missing or differs."""
    try:
        checksums = json.loads((path / CHECKSUMS).read_bytes())
        if any(Path(name).name != name for name in checksums):
            raise ValueError(_("{name} names files outside the folder").format(name=CHECKSUMS))
        files = {name: (path / name).read_bytes() for name in checksums}
        damaged = [
            name
            for name, content in files.items()
            if len(content) != checksums[name]["bytes"]
            or hashlib.sha256(content).hexdigest() != checksums[name]["sha256"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(_("{path} is incomplete or unreadable: {reason}").format(path=path, reason=error)) from error
    if damaged:
        raise RunError(
            _("{path} is damaged: {names} differ from the recorded sizes or checksums").format(
                path=path, names=", ".join(damaged)
            )
        )
    return files


def sweep(folder: Path) -> None:
    """Remove what interrupted writes left in `folder`."""
    for entry in folder.glob(f"{_TEMPORARY}*"):
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable, not only the files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace_folder(path: Path, files: Mapping[str, bytes]) -> None:
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        for name, content in files.items():
            _write_and_flush(temporary / name, content)
        checksums = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
        }
        _write_and_flush(temporary / CHECKSUMS, json.dumps(checksums, indent=1).encode())
        flush_folder(temporary)
        old = path.with_name(f"{temporary.name}-old")
        if path.exists():
            path.rename(old)
        temporary.rename(path)
        flush_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_and_flush(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
