"""The schema as options."""

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
