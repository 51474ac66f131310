"""`atalho sample`: a folder of images, once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.cli import run as command_line

Refused = Callable[[list[str], str], None]


def test_sample_unpacks_once_and_refuses_a_folder_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["sample", "omniglot", str(tmp_path / "o"), "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["path"]).is_dir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").write_text("x")
    assert command_line(["sample", "omniglot", str(tmp_path / "used")]) == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["sample", "fasion", "x"], "Did you mean fashion?"),
        (["sample", "mnist", "x"], "Did you mean fashion?"),
        (["sample", "cifar10", "x"], "Accepted: fashion, omniglot, trash."),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
