"""`atalho models`: the rows of the catalogue."""

import json
from collections.abc import Callable

import pytest

from atalho.cli import run as command_line

Refused = Callable[[list[str], str], None]


def test_a_row_has_the_promised_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["models", "resnet20", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {"name", "depth", "parameters", "multiply_adds"} <= row.keys()
    assert (row["name"], row["depth"], row["parameters"]) == ("resnet20", 20, 269722)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["models", "rasnet*"], "rasnet"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
