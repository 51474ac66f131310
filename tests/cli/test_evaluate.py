"""`atalho evaluate`: what it prints, and what it refuses."""

import json
from collections.abc import Callable

import pytest

from atalho.cli import run as command_line
from atalho.runs.run import Run

Refused = Callable[[list[str], str], None]


def test_evaluate_prints_the_promised_fields(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["evaluate", str(run.path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"top1", "top1_interval", "top5", "images"} <= printed.keys()
    assert command_line(["evaluate", str(run.path)]) == 0
    assert "60 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["evaluate"], "needs a value"),
        (["evaluate", "nowhere", "DATA"], "nowhere is not a run or model folder"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
