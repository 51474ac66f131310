"""`atalho embed`: lists on standard input, what is printed, and the exit codes."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from atalho.cli import run

Refused = Callable[[list[str], str], None]


@pytest.fixture
def images(clothes: Path) -> list[str]:
    return sorted(map(str, (clothes / "test" / "bag").iterdir()))[:3]


def test_files_and_a_list_on_standard_input(
    model: Path, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "vectors.npy"
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeff" + "\r\n".join(images[1:]) + "\r\n", newline=""))
    assert run(["embed", str(model), images[0], "-", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 3 vectors of dimension 64\n"
    assert np.load(out).shape == (3, 64)
    assert [line.partition(",")[0] for line in out.with_suffix(".csv").read_text().splitlines()[1:]] == images


def test_what_could_not_be_read_is_named_and_the_exit_code_is_1(
    model: Path, images: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["embed", str(model), images[0], "missing.png", "--out", str(tmp_path / "vectors.csv")]
    assert run(arguments) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].endswith("vectors.csv: 1 vector of dimension 64")
    assert printed[1] == "1 image has no vector:"
    assert printed[3].split() == ["missing.png", "there", "is", "no", "such", "file"]
    assert run([*arguments, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "vectors": 1,
        "dimension": 64,
        "bad": [{"path": "missing.png", "error": "there is no such file"}],
    }


def test_in_portuguese(model: Path, images: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "vetores.csv"
    assert run(["embed", str(model), *images, "--out", str(out), "--lang", "pt"]) == 0
    assert capsys.readouterr().out == f"{out}: 3 vetores de dimensão 64\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["embed", "RUN", "x.png"], "--out"),
        (["embed", "RUN", "--out", "v.npy"], "IMAGES is missing"),
        (["embed", "nowhere", "x.png", "--out", "v.npy"], "nowhere is not a run or model folder"),
        (["embed", "RUN", "x.png", "--out", "v.txt"], "v.txt: the name of a file of vectors ends in"),
        (["embed", "RUN", "x.png", "--out", "v.npy", "--jsno"], "Unknown option --jsno. Did you mean --json"),
    ],
)
def test_what_is_refused(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
