"""Streams that fail: progress that nobody can read ends no training, an answer that cannot be written is an error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atalho.training.signals import StopSignals

ATALHO = f"{sys.executable} -m atalho"
SMALL = "--model resnet20 --epochs 2 --batch-size 60 --out run"
NO_ROOM = "Cannot write to standard output: No space left on device."


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&1 >/dev/null | true"])
def test_a_training_is_completed_where_its_progress_cannot_be_written(
    clothes: Path, tmp_path: Path, streams: str
) -> None:
    found = _shell(f"{ATALHO} train {clothes} {SMALL} {streams}; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_a_training_whose_reader_goes_is_completed_and_ends_as_a_pipe_does(clothes: Path, tmp_path: Path) -> None:
    found = _shell(f"{ATALHO} train {clothes} {SMALL} 2>&1 | head -1; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert found.returncode == 141
    assert (tmp_path / "run" / "report.html").is_file()


def test_an_answer_without_room_after_a_training_says_that_it_is_complete(clothes: Path, tmp_path: Path) -> None:
    found = _shell(f"{ATALHO} train {clothes} {SMALL} >/dev/full", tmp_path)
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == f"{NO_ROOM} The training is complete: run"


@pytest.mark.parametrize("command", ["models", "models --json", "show resnet20", "--help", "--version"])
def test_an_answer_without_room_is_said_once(command: str, tmp_path: Path) -> None:
    found = _shell(f"{ATALHO} {command} >/dev/full", tmp_path)
    assert (found.returncode, found.stderr) == (1, f"{NO_ROOM}\n")


def test_neither_an_answer_nor_its_error_can_be_written(tmp_path: Path) -> None:
    assert _shell(f"{ATALHO} models >/dev/full 2>/dev/full", tmp_path).returncode == 1


def test_what_is_longer_than_a_pipe_arrives_whole(tmp_path: Path) -> None:
    found = _shell(f"{ATALHO} show resnet1202 --json | (sleep 1; cat) | {sys.executable} -m json.tool", tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert len(found.stdout) > 2**16


@pytest.mark.parametrize("ignored", [False, True], ids=["", "nohup"])
def test_a_terminal_that_closes_is_a_reason_to_save(ignored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)  # from the shell and from the terminal
            assert signals.received == (None if ignored else signal.SIGHUP)
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_training_saves_when_its_terminal_closes(clothes: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        f"exec {ATALHO} train {clothes} --model resnet20 --epochs 1000 --out run",
        shell=True,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also where the tests run under nohup
    ) as training:
        assert training.stderr is not None
        for line in training.stderr:
            if line.startswith("epoch   1/"):
                training.send_signal(signal.SIGHUP)
                break
        rest = training.stderr.read()
    assert training.returncode == 129
    assert "Stopped and saved at step" in rest
    assert len(list((tmp_path / "run" / "checkpoints").glob("step-*"))) == 1


def test_libraries_that_do_not_fit_into_memory_are_explained(tmp_path: Path) -> None:
    found = _shell(f"ulimit -v 1500000; {ATALHO} show resnet20", tmp_path)
    assert found.returncode == 1
    assert found.stderr.startswith("Cannot load a library that Atalho needs: ")
    assert "(ulimit -v)" in found.stderr
    assert len(found.stderr.splitlines()) == 1
