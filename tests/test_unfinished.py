"""What a killed process leaves under a temporary name goes with the next write; what another one writes stays."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from atalho import unfinished
from atalho.cli import run as command
from atalho.runs.run import Run
from atalho.storage import atomic


def left(path: Path, *, seconds: float) -> Path:
    """A folder that somebody began to write as `path` so many seconds ago."""
    folder = unfinished.name_beside(path)
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(b"")
    os.utime(folder, (time.time() - seconds,) * 2)
    return folder


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_write_left_goes(tmp_path: Path, kind: str) -> None:
    old, other = left(tmp_path / "x", seconds=5), left(tmp_path / "y", seconds=5)
    new = left(tmp_path / "x", seconds=0)  # perhaps just made, and not held yet
    mine = tmp_path / ".tmp-x-notes"
    mine.write_bytes(b"")
    if kind == "file":
        atomic.write_file(tmp_path / "x", b"")
    else:
        atomic.write_folder(tmp_path / "x", {"a": b""})
    assert not old.exists()
    assert all(path.exists() for path in (other, new, mine, tmp_path / "x"))


def test_what_another_process_writes_stays(tmp_path: Path) -> None:
    folder = left(tmp_path / "x", seconds=1000)
    with unfinished.held(folder):
        atomic.write_file(tmp_path / "x", b"")
        assert folder.exists()
    atomic.write_file(tmp_path / "x", b"")
    assert not folder.exists()


def test_where_nothing_can_be_held_only_a_day_is_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(fcntl, "flock", refuse)
    fresh, old = left(tmp_path / "x", seconds=1000), left(tmp_path / "x", seconds=100_000)
    atomic.write_folder(tmp_path / "x", {})
    assert (fresh.exists(), old.exists()) == (True, False)


def test_a_link_of_such_a_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    os.utime(tmp_path / "precious", (0, 0))
    link = tmp_path / ".tmp-x-0123abcd"
    link.symlink_to(tmp_path / "precious")
    atomic.write_file(tmp_path / "x", b"")
    assert (tmp_path / "precious").is_dir()


@pytest.mark.parametrize("name", ["sample", "import"])
def test_a_killed_command_leaves_nothing_for_ever(tmp_path: Path, name: str, run: Run) -> None:
    target = tmp_path / "out"
    weights = str(run.path / "model" / "model.safetensors")
    line = ["sample", "fashion", str(target)]
    if name == "import":
        line = ["import", weights, "--model", "resnet20", "--out", str(target)]
    killed = subprocess.Popen([sys.executable, "-m", "atalho", *line])
    while not (parts := list(tmp_path.glob(".tmp-out-*"))) and killed.poll() is None:
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for part in parts:
        os.utime(part, (0, 0))
    if parts and not target.exists():
        assert command(line) == 0
    assert list(tmp_path.iterdir()) == [target]
