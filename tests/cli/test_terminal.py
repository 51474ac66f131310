"""What is printed is what was meant, on a terminal or into a pipe."""

import os
import subprocess
import sys

import pytest

from atalho.cli import terminal

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
