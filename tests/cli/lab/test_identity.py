"""`atalho lab identity`: the difference as a number, and mistakes before any work."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.cli import run

Refused = Callable[[list[str]], str]


def test_the_largest_difference_is_printed_and_is_the_first_of_the_json(
    clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["lab", "identity", "mlp10", str(clothes), "--images", "2", "--out", str(tmp_path / "out")]
    assert run(command) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "The claim is supported. · fp32" in printed
    assert sum("largest difference of the outputs: 0" in line for line in printed) == 1
    assert printed[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert next(iter(found.items())) == ("largest_difference", 0.0)
    assert found["folder"] == str(tmp_path / "out") and found["missing"] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["resnet35"], "Did you mean"),
        (["plain20"], "has 0 blocks with an identity shortcut, fewer than the 2 given with --blocks"),
        (["resnet20", "--blocks", "40"], "fewer than the 40 given"),
        (["resnet20", "--images", "0"], "images 0: expected a whole number of at least 1."),
        (["resnet20", "nowhere"], "nowhere"),
        (["resnet20", "--out", "FILE"], "Cannot write FILE: Not a directory"),
    ],
)
def test_mistakes_end_with_code_2_before_any_work(given: list[str], message: str, refused: Refused) -> None:
    assert message in refused(["lab", "identity", *given])
