import json
from pathlib import Path

import pytest
from published_weights import World

from atalho.cli import run
from atalho.storage import model_folder

Printed = pytest.CaptureFixture[str]


def test_list(world: World, capsys: Printed) -> None:
    assert run(["weights", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert set(row) == {"name", "model", "sha256", "bytes", "licence", "top1"}
    assert run(["weights", "list", "*tiny*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("tv:tiny, tv:resnet20, tv:tiny.v1  resnet20")
    assert lines[-1] == "The accuracies are those that the authors published."
    assert run(["weights", "list", "vgg*"]) == 2
    assert "no weights match 'vgg*'" in capsys.readouterr().err


def test_show(world: World, capsys: Printed) -> None:
    assert run(["weights", "show", "tv:tiny"]) == 0
    told = dict(line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.strip())
    assert told["licence"] == "CC0-1.0"
    assert told["SHA-256"].endswith("… (the first digits, from the file's name)")
    assert told["images"] == "shorter side to 37 px (bicubic), middle 32 × 32 px"
    assert run(["weights", "show", "tv:tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tv:tiny.v1"
    assert run(["weights", "show", "tv:tinny"]) == 2
    assert "tv:tiny" in capsys.readouterr().err


def test_fetch(world: World, capsys: Printed) -> None:
    assert run(["weights", "fetch"]) == 2
    assert "No weights given. Give one name or more" in capsys.readouterr().err
    assert run(["weights", "fetch", "tv:tiny", "tv:tiny.v1"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    folder = first.removeprefix("model folder: ")
    assert model_folder.is_model(Path(folder))
    assert run(["weights", "fetch", "tv:tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "tv:tiny", "model": folder}]
    assert run(["weights", "fetch", "photos/model"]) == 2
    assert "'photos/model' names no weights" in capsys.readouterr().err


def test_export_and_add(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    stick = str(tmp_path / "stick")
    assert run(["weights", "export", stick]) == 1  # nothing was there
    assert capsys.readouterr().out == f"0 files of weights are in {stick}\n"
    assert run(["weights", "fetch", "tv:tiny"]) == 0
    capsys.readouterr()
    assert run(["weights", "export", stick]) == 0
    assert capsys.readouterr().out == f"1 file of weights is in {stick}\n"
    assert run(["weights", "export", stick, "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert (line["name"], line["file"]) == ("tv:tiny.v1", world.filename)
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    assert run(["weights", "fetch", "tv:tiny"]) == 2
    capsys.readouterr()
    assert run(["weights", "add", stick]) == 0
    assert capsys.readouterr().out == "added: tv:tiny.v1\n"
    assert run(["weights", "fetch", "tv:tiny"]) == 0


def test_add_ends_with_1_where_a_file_was_left(world: World, tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / world.filename).write_bytes(b"changed")
    assert run(["weights", "add", str(tmp_path)]) == 1
    assert f"left: {tmp_path / world.filename}: its SHA-256 is " in capsys.readouterr().err
    assert run(["weights", "add", str(tmp_path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["added"], [line["file"] for line in said["left"]]) == ([], [str(tmp_path / world.filename)])
