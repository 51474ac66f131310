"""One process at a time in a folder."""

import fcntl
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.storage.lock import locked


def test_a_second_hold_is_refused_and_a_later_one_is_not(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(RunError, match="in use by another Atalho process"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_another_process_is_refused_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom atalho.storage.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    os._exit(7)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with locked(tmp_path):
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "in use by another Atalho process" in found.stderr
    assert subprocess.run(command, check=False).returncode == 7
    with locked(tmp_path):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Cannot write "), locked(tmp_path / "none"):
        pass


def test_a_folder_stays_unmade(tmp_path: Path) -> None:
    with pytest.raises(RunError), locked(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_a_lock_file_that_was_removed_meanwhile_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who held it before removed the file after this process had opened it.

    Versions of filelock differ in whether they refuse then or hold the file that takes its place.
    """
    real = fcntl.flock
    removed: list[Path] = []

    def flock(file: int, how: int) -> None:
        real(file, how)
        if not removed:
            removed.append(tmp_path / ".lock")
            removed[0].unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    with ExitStack() as holds, suppress(RunError):
        holds.enter_context(locked(tmp_path))
        assert (tmp_path / ".lock").exists()
        with pytest.raises(RunError, match="in use by another Atalho process"), locked(tmp_path):
            pass
        return
    assert removed == [tmp_path / ".lock"]
