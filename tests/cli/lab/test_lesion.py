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


def test_it_computes_in_bf16_where_that_is_asked_for_and_says_so(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["lab", "lesion", str(model), str(clothes), *SMALL]
    for precision in ("fp32", "bf16"):
        assert run([*command, "--precision", precision, "--out", str(tmp_path / precision)]) == 0
        assert f"There is not enough evidence. · {precision}\n" in capsys.readouterr().out
    assert run([*command, "--precision", "fp16"]) == 2
    assert "--precision fp16 is not accepted. Did you mean bf16?" in capsys.readouterr().err


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
