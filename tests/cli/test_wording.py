"""The parser's errors in our words."""

import pytest

from atalho.cli import run
from atalho.cli.wording import explain


def test_each_option_is_offered_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "x", "--modle", "y"]) == 2
    offered = capsys.readouterr().err.split("Did you mean ")[1].split("?")[0].split(" / ")
    assert "--model" in offered
    assert len(offered) == len(set(offered))


def test_another_error_of_the_parser_keeps_its_text() -> None:
    from cyclopts import CycloptsError

    assert explain(CycloptsError(msg="something else")) == "something else"
