"""A name that no file can have is an error in words, whatever it is given for."""

import pytest

from atalho.cli import run as command


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor", "{}"],
        ["evaluate", "{}"],
        ["show", "{}"],
        ["train", "--resume", "{}"],
        ["import", "{}", "--model", "resnet20", "--out", "made"],
        ["gallery", "list", "{}"],
    ],
)
@pytest.mark.parametrize("name", ["x" * 300, "x/" * 2500 + "x"])
def test_a_name_that_is_too_long(arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([part.format(name) for part in arguments]) == 2
    said = capsys.readouterr().err
    assert "Unexpected error" not in said
    assert name[:250] in said
