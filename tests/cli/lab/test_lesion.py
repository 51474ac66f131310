"""`atalho lab lesion`: table, verdict and page; mistakes end with code 2 before any work."""

import json
from pathlib import Path

import pytest

from atalho.cli import run

SMALL = ["--images", "30", "--counts", "1", "--draws", "2"]


def test_table_verdict_and_page_are_printed(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["lab", "lesion", str(model), str(clothes), *SMALL, "--out", str(tmp_path / "out")]
    assert run(command) == 0
    printed = capsys.readouterr().out
    assert "mine" in printed and "There is not enough evidence." in printed
    assert f"report: {tmp_path / 'out' / 'report.html'}" in printed
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["experiment"] == "lesion" and found["measured"]["series"][0]["name"] == "mine"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["nowhere"], "nowhere"),
        (["MODEL"], "Give images to measure on"),
        (["MODEL", "--counts", "2;4"], "give whole numbers separated by commas"),
        (["MODEL", "--draws", "1"], "at least 2 draws"),
    ],
)
def test_mistakes_end_with_code_2_before_any_work(
    given: list[str],
    message: str,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["lab", "lesion", *(str(model) if word == "MODEL" else word for word in given)]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
