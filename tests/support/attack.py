"""Attack: a command in a process of its own, and files of every shape to give it.

The process is forked from this one, which has imported everything.
"""

import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from atalho.api import doctor, embed, evaluate, import_weights, index, predict, search, threshold, train  # noqa: F401 (warm)
from atalho.cli import run as command

MOST_BYTES = 2 * 2**30
CPU_SECONDS, IDLE_SECONDS, WALL_SECONDS = 10, 10, 600
_LOOK = 0.05  # seconds between two looks at what it does
TERABYTE = 2**40


def attack(arguments: list[str], folder: Path, opened: Path | None = None) -> str:
    """Run a command and return what it says. AssertionError where it crashes, hangs or takes too much memory.

    It hangs where each of its threads and processes waits for something for ten seconds in all. One that waits for a
    core of a busy machine does not. The names of the files that it opens go to `opened`.
    """
    said = folder / "said"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads, of which none is in a lock
        child = os.fork()
    if not child:
        code = 99
        try:
            os.setsid()  # by which its processes are known
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = os.fdopen(1, "w", errors="surrogateescape", closefd=False)  # as the program has it
            sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
            if opened is not None:
                _tell_opened(opened)
            code = command(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    begun, idle = time.monotonic(), 0.0
    ended, status, used = os.wait4(child, os.WNOHANG)
    while not ended and idle < IDLE_SECONDS and time.monotonic() - begun < WALL_SECONDS:
        looked = time.monotonic()
        time.sleep(_LOOK)
        ended, status, used = os.wait4(child, os.WNOHANG)
        if not ended and _waits(child):
            # Not for how long this process waited for its own core.
            idle += min(time.monotonic() - looked, 2 * _LOOK)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    text = said.read_text(errors="replace") if said.exists() else ""
    shown = f"{arguments}: {text[-500:]}"
    assert ended, f"hung: {shown}"
    assert os.WIFEXITED(status), f"ended by signal {os.WTERMSIG(status)}: {shown}"
    assert os.WEXITSTATUS(status) in (0, 1, 2), shown
    assert "Unexpected error" not in text, shown
    assert used.ru_maxrss * 1024 < MOST_BYTES, f"{used.ru_maxrss} kB: {shown}"
    return text


def _waits(session: int) -> bool:
    """Whether no thread of a session's processes runs, or would if there were a core or an answer of the disk."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) != session:
                continue
            states = [
                (task / "stat").read_text().rpartition(")")[2].split()[0] for task in (process / "task").iterdir()
            ]
        except (OSError, IndexError):
            continue  # it has ended
        if any(state in "RD" for state in states):
            return False
    return True


def _tell_opened(path: Path) -> None:
    names = path.open("w", buffering=1, errors="replace")

    def hook(event: str, values: tuple[object, ...]) -> None:
        if event == "open" and isinstance(values[0], str | bytes | os.PathLike):
            names.write(Path(os.fsdecode(values[0])).name + "\n")

    sys.addaudithook(hook)


def sparse(path: Path) -> None:
    """A file that claims a terabyte and takes no room."""
    with path.open("wb") as file:
        file.truncate(TERABYTE)


def written(content: str | bytes) -> Callable[[Path], None]:
    """What writes a content to a file."""
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode()) and None


SOME: dict[str, Callable[[Path], None]] = {
    "null": written("null"),
    "brackets": written("[" * 200_000),
    "pipe": os.mkfifo,
}
ALL: dict[str, Callable[[Path], None]] = SOME | {
    "nothing": written(""),
    "object": written("{}"),
    "list": written("[]"),
    "number": written("5"),
    "text": written('"x"'),
    "objects": written('{"a":' * 100_000),
    "other format": written('{"format": 99, "step": "x", "log_offset": -5, "spec": 5, "names": 5}'),
    "not utf-8": written(b"\xff\xfe\xfa"),
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "a terabyte": sparse,
    "folder": Path.mkdir,
}
