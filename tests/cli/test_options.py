"""The schema as options."""

from pathlib import Path

import pytest

from atalho.cli import run


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["0.3", "2"], "training.milestones.1 = 2.0 is not accepted: it must be less than 1"),
        (["0.3", "0.6"], "nowhere does not exist"),
    ],
)
def test_a_list_takes_several_values_and_its_error_is_in_our_words(
    values: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "nowhere", "--training.milestones", *values]) == 2
    error = capsys.readouterr().err
    assert error.startswith(text)
    assert "pydantic" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data.size", "2048"], "data.size = 2048 is not accepted: it must be 1024 or less."),
        (["--data.workers", "-1"], "data.workers = -1 is not accepted: it must be 0 or more."),
        (["--training.lr", "inf"], "training.lr = inf is not accepted: it must be a finite number."),
        (["--augment.mixup", "nan"], "augment.mixup = nan is not accepted: it must be a finite number."),
    ],
)
def test_bounds_are_told_in_our_own_words(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", str(tmp_path), *arguments]) == 2
    assert capsys.readouterr().err == message + "\n"
