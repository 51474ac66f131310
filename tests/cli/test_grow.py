"""`atalho grow`: what it says, and what it refuses."""

import json
from pathlib import Path

import pytest

from atalho import cli
from atalho.runs.run import Run


def test_it_says_what_changed_and_how_to_go_on(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "grown")
    assert cli.run(["grow", str(run.path), "--blocks", "3,3,4", "--kind", "copy", "--out", out]) == 0
    said = capsys.readouterr().out
    assert "blocks: 3,3,3 → 3,3,4" in said
    assert "largest difference: 0 on " in said
    assert f"atalho train DATA --from {out}" in said


def test_json(run: Run, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(next((clothes / "test").rglob("*.png")))
    command = ["grow", str(run.path), image, "--at", "stages.0.0,stages.2.2", "--out", str(tmp_path / "g"), "--json"]
    assert cli.run(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["largest_difference"], told["blocks"], told["images"]) == (0.0, [4, 3, 4], 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "plain32"], "cannot become plain32"),
        (["--blocks", "3,3"], "one number"),
        (["--blocks", "three"], "--blocks"),
        (["--to", "resnet32", "--at", "stages.9.0"], "no block of this network"),
        ([], "nothing says how far"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert cli.run(["grow", str(run.path), *options, "--out", str(tmp_path / "grown")]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
