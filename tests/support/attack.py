"""Attack: a command in a process of its own, and files of every shape to give it.

The process is forked from a server that has imported everything and computed nothing: where a process has once
computed gradients on a device, those that are forked from it cannot.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

MOST_BYTES = 2 * 2**30
CPU_SECONDS, IDLE_SECONDS, WALL_SECONDS = 10, 10, 600
_LOOK = 0.05  # seconds between two looks at what it does
TERABYTE = 2**40
_VERBS = ("doctor", "embed", "evaluate", "import_weights", "index", "predict", "search", "threshold", "train")

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["atalho.cli", *(f"atalho.api.{verb}" for verb in _VERBS)])


def attack(arguments: list[str], folder: Path, opened: Path | None = None) -> str:
    """Run a command and return what it says. AssertionError where it crashes, hangs or takes too much memory.

    It hangs where each of its threads and processes waits for something for ten seconds in all. One that waits for a
    core of a busy machine does not. The names of the files that it opens go to `opened`.
    """
    said = folder / "said"
    told, tell = _server.Pipe(duplex=False)
    child = _server.Process(target=_run, args=(arguments, said.resolve(), opened, tell, Path.cwd(), dict(os.environ)))
    child.start()
    tell.close()
    assert child.pid is not None
    begun, idle = time.monotonic(), 0.0
    while child.is_alive() and idle < IDLE_SECONDS and time.monotonic() - begun < WALL_SECONDS:
        looked = time.monotonic()
        child.join(_LOOK)
        if child.is_alive() and _waits(child.pid):
            # Not for how long this process waited for its own core.
            idle += min(time.monotonic() - looked, 2 * _LOOK)
    ended = not child.is_alive()
    child.kill()
    child.join()
    text = said.read_text(errors="replace") if said.exists() else ""
    shown = f"{arguments}: {text[-500:]}"
    assert ended, f"hung: {shown}"
    assert child.exitcode is not None
    assert child.exitcode >= 0, f"ended by signal {-child.exitcode}: {shown}"
    assert child.exitcode in (0, 1, 2), shown
    assert "Unexpected error" not in text, shown
    most = told.recv()
    assert most < MOST_BYTES, f"{most} bytes: {shown}"
    return text


def _run(
    arguments: list[str],
    said: Path,
    opened: Path | None,
    tell: Connection,
    folder: Path,
    environment: Mapping[str, str],
) -> None:
    """The child: a command as a terminal runs it, and the most memory that it held."""
    code = 99
    try:
        os.setsid()  # by which its processes are known
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = os.fdopen(1, "w", errors="surrogateescape", closefd=False)  # as the program has it
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)
        from atalho.cli import run

        if opened is not None:
            _tell_opened(opened)
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        tell.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    finally:
        os._exit(code)


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
