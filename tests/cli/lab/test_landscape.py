"""`atalho lab landscape`: a budget leaves the rest for later; mistakes end with code 2 before any work."""

import json
from pathlib import Path

import pytest

from atalho.cli import run


def test_a_budget_of_nothing_says_what_is_missing(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--lines", "1", "--points", "5", "--budget", "0", "--out", str(tmp_path / "out"), "--json"]
    assert run(["lab", "landscape", str(model), str(clothes), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missing"] == ["mine.line0", *(f"mine.row0{row}" for row in range(5))]
    assert found["verdict"]["outcome"] == "not enough evidence"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--points", "4"], "it must be an odd number of at least 5"),
        (["--reach", "0"], "--reach 0.0 is not accepted"),
        (["--norms", "none"], "none"),
    ],
)
def test_mistakes_end_with_code_2(
    given: list[str], message: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lab", "landscape", str(model), *given, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
