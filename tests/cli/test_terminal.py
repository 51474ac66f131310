"""What is printed is what was meant, on a terminal or into a pipe."""

import os
import re
import subprocess
import sys

import pytest

from atalho.cli import terminal
from atalho.training.progress import EpochNumbers, EpochReport, StepReport

NAMES = ["a:cat:.jpg", r"b\[x].jpg", "[bold]c[/bold]", "d" * 300]


def test_a_row_is_one_line_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(("name", "n"), [(name, "1") for name in NAMES], numbers=(1,))
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split() for line in lines] == [[name, "1"] for name in NAMES]


def test_a_note_is_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.TerminalProgress() as progress:
        progress.note("[bold]a:cat:.jpg")
    assert capsys.readouterr().err == "[bold]a:cat:.jpg\n"


def test_a_name_that_is_not_utf_8_is_an_escape_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_json([os.fsdecode(b"ma\xe7a"), "maçã"])
    assert capsys.readouterr().out == '["ma\\udce7a", "maçã"]\n'


def test_results_printed_below_a_progress_bar_stay_on_standard_output() -> None:
    script = (
        "from atalho.cli import terminal\n"
        "with terminal.TerminalProgress() as progress:\n"
        "    progress.work('x', 1, 2)\n"
        "    print('row')"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"FORCE_COLOR": "1"},
    )
    assert found.stdout == "row\n"


def test_names_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(("name",), [("two\nlines",), ("\x1b[2Jmaçã",), ("שלום\u202egpj.exe",)])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.rstrip() for line in lines] == [r"two\nlines", r"\x1b[2Jmaçã", r"שלום\u202egpj.exe"]
    terminal.say("a\x1bb")
    terminal.complain("first\nsecond\x07")
    assert capsys.readouterr() == ("a\\x1bb\n", "first\nsecond\\x07\n")


def _epoch_of_two_steps(progress: terminal.TerminalProgress) -> None:
    progress.step(StepReport(1, 4, 1, 2, 0.7, 1234.0, 75.0, 0.5))
    numbers = EpochNumbers(0.6, 0.75, {"val_loss": 0.5, "val_top1": 0.8}, 0.1)
    progress.epoch(EpochReport(1, 2, numbers, 60.0, 1200.0, 61.0))
    progress.step(StepReport(3, 4, 2, 2, 0.4, 1234.0, 30.0, 0.9))


def test_in_a_pipe_training_is_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.TerminalProgress() as progress:
        _epoch_of_two_steps(progress)
    assert capsys.readouterr().err == (
        "epoch   1/2  loss 0.600  training 75.0%  validation 80.0%  1,200 images/s  1 min 00 s  1 min 01 s left\n"
    )


@pytest.mark.parametrize("columns", [80, 140])
def test_on_a_terminal_the_bar_says_time_left_speed_and_both_accuracies(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(columns)}.items():
        monkeypatch.setenv(name, value)
    with terminal.TerminalProgress() as progress:
        _epoch_of_two_steps(progress)
        progress._bars.refresh()
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "epoch 2 of 2" in said
    assert "30 s left · 1,234 images/s · train 90.0% · val 80.0%" in said
