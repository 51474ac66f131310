"""`atalho show`: the table, the drawing, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.cli import run as command_line
from atalho.runs.run import Run

Refused = Callable[[list[str], str], None]


def test_the_table_ends_with_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", "resnet34"]) == 0
    assert "21,797,672 parameters" in capsys.readouterr().out


def test_show_draws_and_takes_a_file_with_a_specification(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, file = tmp_path / "mine.toml", tmp_path / "drawings" / "mine.svg"
    spec.write_text('family = "resnet"\ndesign = "basic"\nblocks = [2, 3]\nwidths = [8, 16]\nstem = "small"\n')
    assert command_line(["show", str(spec), "--svg", str(file), "--beside", "plain20", "--size", "40", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["depth"], printed["image_size"], printed["svg"]) == (12, [3, 40, 40], str(file))
    text = file.read_text(encoding="utf-8")
    assert all(words in text for words in (">mine</text>", ">plain20</text>", "16 × 20 × 20", "image 3 × 40 × 40"))


def test_show_takes_a_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image_size"] == [1, 16, 16]


def test_size_nought_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", "resnet20", "--size", "0"]) == 2
    assert "--size 0 is not accepted: it must be from 1 to 4096 pixels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["show", "resnet3"], "Did you mean resnet34"),
        (["show", "resnet18", "--size", "9999999999"], "--size 9999999999 is not accepted"),
        (["show", "none.toml"], "none.toml: file not found"),
        (
            ["show", "resnet18", "--unfold", "--beside", "plain18"],
            "--beside, --unfold only works with --svg: give both or neither",
        ),
        (["show", "resnet18", "--svg", "x.svg", "--columns", "9"], "columns 9: expected 1 to 8"),
        (["show", "resnet18", "--svg", "x.svg", "--beside", "plain34", "--columns", "2"], "columns 2: expected 1"),
        (["show", "resnet18", "--svg", "x.svg", "--beside", "plian18"], "Did you mean plain18"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
