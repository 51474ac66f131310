"""Signals, pipes and streams, as the shell sees them."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from atalho import cli

Refused = Callable[[list[str], str], None]
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


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "resnet3", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    found = subprocess.run(
        f"{sys.executable} -m atalho models | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert found.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["trian", "DATA"], "Unknown command trian. Did you mean train?"),
        (["--lang", "fr", "models"], "--lang fr is not accepted. Accepted: en, pt."),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
