"""Signals, pipes and streams, as the shell sees them."""

import os
import subprocess
import sys

import pytest

from atalho import cli

ATALHO = f"{sys.executable} -m atalho"


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.parametrize("command", ["models", "models --json", "show resnet20", "--help"])
def test_a_reader_that_goes_away_ends_the_program_as_a_signal_would(command: str) -> None:
    found = _shell(f"{ATALHO} {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (found.returncode, found.stderr) == (141, "")


@pytest.mark.parametrize(("streams", "code"), [(">&-", 0), ("<&-", 0), ("2>&-", 0), (">&- 2>&- --nonsense", 2)])
def test_a_closed_stream_is_no_error(streams: str, code: int) -> None:
    found = _shell(f"{ATALHO} models resnet20 {streams}")
    assert (found.returncode, found.stderr) == (code, "")


def test_ctrl_c_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("atalho.inspection.summary.describe_catalogue", interrupted)
    assert cli.run(["models"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_size_nought_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "resnet20", "--size", "0"]) == 2
    assert "--size 0 is not accepted: it must be from 1 to 4096 pixels" in capsys.readouterr().err
