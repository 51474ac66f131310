"""Run an Atalho command as on Windows, as far as that can be imitated: `python as_on_windows.py COMMAND…`.

Atalho's modules see no module and no constant that only POSIX has, no folder can be opened or a file reached relative
to one, and a file that is open cannot be replaced or removed. A backslash parts folders, names are found whatever
their case, and a text file that Atalho opens without saying its encoding is an error (with `-X warn_default_encoding`).
Otherwise the libraries see the system as it is: theirs is tested by those who make them.

Not imitated: drives, reserved names such as NUL, names that end in a dot, paths beyond 260 characters, the console and
its Ctrl-C, how long a file stays open after its process ended, and what other programs hold open.
"""

import builtins
import ctypes
import fcntl
import io
import os
import pathlib
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

MISSING_MODULES = ("fcntl", "resource", "pwd", "grp", "termios")
MISSING = {
    "os": (
        *("O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "sched_getaffinity", "getuid", "geteuid", "fork"),
        *("killpg", "mkfifo", "pread", "pwrite", "posix_fadvise", "statvfs", "sysconf", "uname"),
    ),
    "signal": ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "pthread_sigmask", "setitimer", "alarm"),
    "sys": (),
    "ctypes": (),
}


class Seen(ModuleType):
    """A module as Atalho sees it: `instead` of some names, without others, and the real one for the rest."""

    def __init__(self, real: ModuleType, missing: tuple[str, ...], instead: dict[str, Any]) -> None:
        super().__init__(real.__name__)
        vars(self).update(_real=real, _missing=missing, **instead)

    def __getattr__(self, name: str) -> Any:
        if name in self._missing:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on Windows")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


def open_file(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    _refuse_relative(dir_fd)
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return os.open(path, flags, mode)


def fsync(descriptor: int) -> None:
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, "Bad file descriptor")
    os.fsync(descriptor)


def rename(source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    _refuse_relative(src_dir_fd, dst_dir_fd)
    if os.path.lexists(target):
        raise FileExistsError(17, "Cannot create a file when that file already exists", target)
    _refuse_open(source)
    os.rename(source, target)


def replace(source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    _refuse_relative(src_dir_fd, dst_dir_fd)
    if os.path.isdir(target):
        raise PermissionError(13, "Access is denied", target)
    _refuse_open(source, target)
    os.replace(source, target)


def unlink(path: Any, *, dir_fd: int | None = None) -> None:
    _refuse_relative(dir_fd)
    _refuse_open(path)
    os.unlink(path)


def library(name: Any) -> ctypes.CDLL:
    if name is None:
        raise TypeError("argument of type 'NoneType' is not iterable")
    return ctypes.CDLL(name)


def unlink_path(path: Path, missing_ok: bool = False) -> None:
    if not missing_ok or os.path.lexists(path):
        unlink(path)


def _refuse_relative(*folders: int | None) -> None:
    if any(folder is not None for folder in folders):
        raise NotImplementedError("dir_fd unavailable on this platform")


def _refuse_open(*paths: Any) -> None:
    """Files that are open or mapped, and folders that hold one, keep their names."""
    maps = Path("/proc/self/maps").read_text("utf-8", errors="surrogateescape").splitlines()
    files = {line.split(maxsplit=5)[-1] for line in maps} | {os.path.realpath(one) for one in _descriptors()}
    for path in paths:
        here = os.path.realpath(os.fsdecode(path))
        if any(name == here or name.startswith(here + os.sep) for name in files):
            raise PermissionError(13, "The process cannot access the file because it is being used", path)


def _descriptors() -> list[str]:
    return [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]


INSTEAD: dict[str, dict[str, Any]] = {
    "os": {
        "open": open_file,
        "fsync": fsync,
        "rename": rename,
        "replace": replace,
        "unlink": unlink,
        "remove": unlink,
        "supports_dir_fd": frozenset(),
        "name": "nt",
    },
    "signal": {},
    "sys": {"platform": "win32"},
    "ctypes": {"CDLL": library},
}
_lstat, _listdir = os.lstat, os.listdir
BY_NAME = ("stat", "lstat", "open", "scandir", "listdir", "access", "unlink", "remove", "rename", "replace", "utime")
SEEN = {real.__name__: Seen(real, MISSING[real.__name__], INSTEAD[real.__name__]) for real in (os, signal, sys, ctypes)}
_import = builtins.__import__


def import_(name: str, globals_: Any = None, locals_: Any = None, fromlist: Any = (), level: int = 0) -> ModuleType:
    if str((globals_ or {}).get("__name__", "")).partition(".")[0] == "atalho" and level == 0:
        if name in MISSING_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in SEEN:
            return SEEN[name]
    return _import(name, globals_, locals_, fromlist, level)


def on_disk(path: Any) -> Any:
    """The name that the disk has for `path`, where there is one for some case of its letters."""
    if not isinstance(path, str | os.PathLike):
        return path
    name = os.fspath(path)
    if not isinstance(name, str):
        return name
    name = name.replace("\\", "/")
    with suppress(OSError, ValueError):
        _lstat(name)
        return name
    above, last = os.path.split(name)
    above = on_disk(above) if above and last else above
    try:
        last = next((one for one in _listdir(above or ".") if one.casefold() == last.casefold()), last)
    except OSError:
        return name
    return os.path.join(above, last)


def by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with its first argument, and a second that is a path, as the disk names them."""

    def called(path: Any = ".", *more: Any, **options: Any) -> Any:
        if more and function.__name__ in ("rename", "replace"):
            more = (on_disk(more[0]), *more[1:])
        return function(on_disk(path), *more, **options)

    return called


def with_slashes(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of a path, of which it would take a backslash for a letter."""

    def called(path: Any) -> Any:
        name = os.fspath(path)
        return function(name.replace("\\", "/") if isinstance(name, str) else name)

    return called


if __name__ == "__main__":
    for _name in BY_NAME:
        setattr(os, _name, by_name(getattr(os, _name)))
    builtins.open = io.open = by_name(io.open)  # type: ignore[assignment]
    os.path.altsep = "\\"
    os.path.abspath, os.path.isabs = with_slashes(os.path.abspath), with_slashes(os.path.isabs)
    if hasattr(pathlib, "_posix_flavour"):  # Python 3.11; later ones look at `altsep`
        pathlib._posix_flavour.altsep = "\\"
    os.path.normcase = lambda path: os.fspath(path).casefold().replace("\\", "/")
    warnings.filterwarnings("error", category=EncodingWarning, module=r"atalho(\.|$)")
    builtins.__import__ = import_
    Path.rename, Path.replace, Path.unlink = rename, replace, unlink_path  # type: ignore[assignment]
    from atalho.cli import main

    main()
