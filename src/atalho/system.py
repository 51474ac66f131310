"""What differs from one operating system to another: nothing else asks which one it is, or for what only some have."""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

WINDOWS: Final = sys.platform == "win32"
"""There a folder cannot be opened, and what is open cannot be renamed or removed."""

if sys.platform != "win32":
    import fcntl
    import resource

CLOSED_IN_CHILDREN: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""To open a file of bytes with, which processes that are started later do not have."""
NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
"""To open what must not be a link; 0 where the system cannot tell."""
NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
"""To open what may be a named pipe by now, without waiting for its writer."""
FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | CLOSED_IN_CHILDREN
"""To open a folder."""
OWN_GROUP: Final[Mapping[str, Any]] = {} if WINDOWS else {"process_group": 0}
"""For `subprocess.Popen`: the terminal's Ctrl-C is for this process alone, also while the other one starts."""
HANGUP: Final[int | None] = getattr(signal, "SIGHUP", None)
"""The signal of a terminal that closes."""
STOPPING: Final = (signal.SIGTERM, signal.SIGINT, *(() if HANGUP is None else (signal.Signals(HANGUP),)))
"""The signals that ask a process to end."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST_KEPT: Final = 32 * 2**20  # the most that glibc accepts


def lock(descriptor: int) -> None:
    """Hold an open file or folder until it is closed. Raises BlockingIOError where another process holds it.

    Raises OSError where the file system has no locks; on Windows nothing is held.
    """
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    if WINDOWS and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def leave_signals() -> None:
    """Leave the signals that end a process to its other threads; a process that this thread starts gets none."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


def processors() -> set[int]:
    """The numbers of the logical cores on which the system may run this process."""
    affinity = getattr(os, "sched_getaffinity", None)  # only Linux has it
    return set(affinity(0)) if affinity else set(range(os.cpu_count() or 1))


def memory() -> int | None:
    """Bytes of memory that the machine has; None where the system does not say."""
    if sys.platform == "win32":
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def most_addresses() -> int | None:
    """Bytes of addresses that this process may map in all, as `ulimit -v` says; None without a limit."""
    if sys.platform == "win32":
        return None
    most, _hard = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def keep_freed_memory() -> None:
    """Keep memory that a step frees for the next one, instead of having it faulted in and zeroed again.

    Only glibc has the switch.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
