"""Every call of a save made to fail in turn: what is said, and whether the last good checkpoint still loads."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crash_states import Story, check_run, rows, save_run
from simulated_disk import Recorder, replaced

from atalho.errors import RunError
from atalho.storage import disk

KINDS = {
    "no space": errno.ENOSPC,
    "input/output error": errno.EIO,
    "quota": errno.EDQUOT,
    "short write": None,
    "dead from here on": errno.EIO,
}
"""What happens at a call; a short write is none that fails, and after "dead from here on" every call fails."""


class FailingDisk:
    """Calls of `disk` of which number `at` fails as `kind` says; notes what is done to files whose flush failed."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at = kind, at
        self.calls = 0
        self.failed: str | None = None
        self.touched_again: list[str] = []
        self._doubtful: set[int] = set()

    def calls_to(self) -> dict[str, Callable[..., Any]]:
        return {name: self._failing(name, getattr(disk, name)) for name in disk.CALLS}

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*given: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            if name in ("flush", "write") and given[0] in self._doubtful:
                self.touched_again.append(name)
            if name == "close":
                self._doubtful.discard(given[0])
            code = KINDS[self.kind]
            if number == self.at and code is None and name == "write":
                self.failed = name
                return call(given[0], given[1][: max(1, len(given[1]) // 2)])
            if code is not None and (number == self.at or (number > self.at and self.kind.startswith("dead"))):
                self.failed = self.failed or name
                if name == "flush":
                    self._doubtful.add(given[0])
                if name == "close":
                    call(*given)  # a close that fails has closed all the same
                raise OSError(code, os.strerror(code))
            return call(*given)

        return failing


def check_all(folder: Path, keep: int = 1) -> dict[str, int]:
    """Every kind of failure at every call of a save after two good ones; how many of each. Raises AssertionError."""
    good = folder / "good"
    good.mkdir(parents=True)
    with replaced(flush=lambda _descriptor: None, flush_folder=lambda _folder, _root: None):
        save_run(Story(Recorder(good)), good, 0, 2, keep)
        return {kind: _every_call(kind, good, folder / "run", keep) for kind in KINDS}


def _every_call(kind: str, good: Path, run: Path, keep: int) -> int:
    found = at = 0
    while True:
        shutil.copytree(good, run)
        failing = FailingDisk(kind, at)
        error: RunError | None = None
        with replaced(**failing.calls_to()):
            try:
                save_run(Story(Recorder(run)), run, 2, 3, keep)
            except RunError as raised:
                error = raised
        if failing.calls <= at:
            shutil.rmtree(run)
            return found
        if failing.failed is not None:
            found += 1
            try:
                _check(failing, error, run)
            except Exception as wrong:
                raise AssertionError(f"{kind} at call {at} ({failing.failed}): {wrong}") from wrong
        shutil.rmtree(run)
        at += 1


def _check(failing: FailingDisk, error: RunError | None, run: Path) -> None:
    code = KINDS[failing.kind]
    assert failing.touched_again == [], "a file was used again after its flush failed"
    if error is None:
        # Nothing was lost: a short write is written on, what cannot be removed is swept later.
        assert code is None or failing.failed in ("rename", "unlink", "remove_folder", "close"), "nothing was said"
    else:
        assert code is not None
        assert "Cannot write " in str(error)
        assert os.strerror(code) in str(error)
        assert error.exit_code == 2
    # The third checkpoint is there if nothing was said, the second otherwise: unless only its flush was in doubt.
    log = run / "metrics.jsonl"
    assert log.read_bytes().startswith(rows(2))
    check_run(run, 2 if error else 3)
