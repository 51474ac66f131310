"""`atalho lab cost`: a row for each network, and mistakes before any work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.cli import run

Refused = Callable[[list[str]], str]

SMALL = ["--size", "16", "--batch", "2", "--rounds", "1"]


def test_the_table_has_a_row_for_each_network_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "cost", "mlp6", "mlp10", "mlp6", *SMALL, "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["mlp6", "mlp10"] and lines[3] == ""
    assert any(line.strip().startswith("Nothing was compared") for line in lines)


def test_without_time_it_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "cost", "mlp6", *SMALL, "--budget", "0", "--out", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert "Not measured yet: parameters, operations and memory; round 1 of " in captured.err + captured.out
    assert "measurements left: 2" in captured.out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "MODELS is missing"),
        (["resnet3"], "Did you mean"),
        (["mlp6", "--batch", "0"], "batch 0: expected a whole number of at least 1."),
        (["mlp6", "--round", "3"], "--rounds"),
        (["mlp6", "--out", "FILE/below"], "Cannot write FILE/below: Not a directory"),
    ],
)
def test_mistakes_end_with_code_2_before_any_work(given: list[str], message: str, refused: Refused) -> None:
    assert message in refused(["lab", "cost", *given])
