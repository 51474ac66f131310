"""`atalho runs`, and `atalho` alone in a folder."""

import json
import re
import shutil
from pathlib import Path

import pytest

from atalho import cli
from atalho.runs.run import Run
from atalho.storage.run_places import ENTRIES
from atalho.text import speaking


@pytest.fixture
def folder(run: Run, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: two runs with different seeds, and images."""
    for name in ("one", "two"):
        shutil.copytree(run.path, tmp_path / "runs" / name)
    settings = tmp_path / "runs" / "two" / "run.toml"
    settings.write_text(settings.read_text().replace("\nseed = 0", "\nseed = 1"))
    shutil.copytree(clothes, tmp_path / "clothes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_has_a_line_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["runs"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "network", "data", "accuracy", "started", "state"]
    assert sorted(row.split()[0] for row in rows) == ["runs/one", "runs/two"]
    assert all("resnet20" in row and "finished" in row for row in rows)


def test_json_has_the_figures(folder: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["runs", "runs", "--json"]) == 0
    assert {row["accuracy"] for row in json.loads(capsys.readouterr().out)} == {run.top1}


def test_a_comparison_says_what_differs_and_whether_it_matters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["runs", "--compare", "runs/one", "runs/two"]) == 0
    said = capsys.readouterr().out
    assert "training.seed" in said
    assert "The test images do not tell the second run's accuracy from the first's: 0.0 [" in said
    assert "leaves out the chance of training: another seed with the same settings gives another accuracy" in said
    assert cli.run(["runs", "--compare", "runs/one", "runs/two", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"] == {"training.seed": [0, 1]}


def test_portuguese_says_the_same_of_chance_and_names_the_state(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking("pt"):
        assert cli.run(["runs", "--compare", "runs/one", "runs/two"]) == 0
    said = capsys.readouterr().out
    assert "não inclui o acaso do treino: outra semente, com os mesmos ajustes, dá outra acurácia" in said
    assert said.count("concluída") == 2


def test_a_folder_beside_a_comparison_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["runs", "runs", "--compare", "runs/one", "runs/two"]) == 2
    assert "Remove: runs" in capsys.readouterr().err


def test_alone_it_says_what_it_sees_and_the_next_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    said = capsys.readouterr().out
    assert "runs/one" in said
    assert "clothes: 3 classes in train" in said
    assert "\n  atalho evaluate runs/" in said
    shutil.rmtree(folder / "runs")
    assert cli.run([]) == 0
    assert "\n  atalho doctor clothes\n  atalho train clothes\n" in capsys.readouterr().out
    shutil.move(folder / "clothes/train", folder / "photos")
    shutil.rmtree(folder / "clothes")
    assert cli.run([]) == 0
    assert "photos: 120 images seen" in capsys.readouterr().out
    for number in range(ENTRIES):
        (folder / "photos" / f"{number:05}.png").touch()
    assert cli.run([]) == 0
    assert re.search(r": at least 1,9\d\d images\n", capsys.readouterr().out)


def test_alone_in_an_empty_folder_it_shows_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run([]) == 0
    assert capsys.readouterr().out.startswith("Usage: atalho COMMAND")
