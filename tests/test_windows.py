"""The commands on Windows, as far as another system can imitate it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from published_weights import CLASSES, World

import atalho

PROGRAM = Path(__file__).parent / "support" / "as_on_windows.py"


def _run(*arguments: str | Path, code: int = 0) -> str:
    found = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", PROGRAM, *arguments],
        capture_output=True,
        encoding="cp1252",
        check=False,
        env=os.environ | {"LANGUAGE": "en", "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )
    assert found.returncode == code, found.stderr
    return found.stdout


def _windows(path: Path) -> str:
    """`path` as one may type it on Windows: with backslashes, and its last two names in another case."""
    *above, folder, name = str(path).split("/")
    return "\\".join([*above, folder.upper(), name.upper()])


@pytest.fixture(scope="module")
def trained(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("windows") / "run"
    settings = out.with_name("settings.toml")
    settings.write_bytes(b'[model]\r\nname = "resnet20"\r\n\r\n[training]\r\nepochs = 2\r\ncheckpoint_steps = 1\r\n')
    _run("train", clothes, "--config", _windows(settings), "--out", out)
    return out


def test_a_run_is_trained_evaluated_and_asked(trained: Path, clothes: Path) -> None:
    assert json.loads(_run("evaluate", trained, "--json"))["images"] == 60
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    assert json.loads(_run("predict", trained, image, "--json"))
    assert (trained / "report.html").is_file()


def test_a_run_that_lost_its_end_is_resumed_to_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(trained, half)
    newest = max((half / "checkpoints").iterdir())
    shutil.rmtree(newest)
    shutil.rmtree(half / "model")
    _run("train", "--resume", half)
    weights = Path("model", "model.safetensors")
    assert (half / weights).read_bytes() == (trained / weights).read_bytes()


def test_a_table_has_backslashes_and_another_case(trained: Path, clothes: Path, tmp_path: Path) -> None:
    shutil.copytree(clothes / "test", tmp_path / "Images")
    rows = [f"{_windows(path.relative_to(tmp_path))},{path.parent.name}" for path in tmp_path.glob("Images/*/*")]
    (tmp_path / "Table.csv").write_bytes("\r\n".join(["path,label", *rows, ""]).encode())
    whole, table = (_run("evaluate", trained, data, "--json") for data in (clothes / "test", tmp_path / "TABLE.CSV"))
    assert json.loads(table)["top1"] == json.loads(whole)["top1"]


def test_two_images_are_compared_and_a_network_is_drawn(trained: Path, clothes: Path, tmp_path: Path) -> None:
    images = [_windows(path) for path in sorted((clothes / "test" / "bag").iterdir())[:2]]
    assert json.loads(_run("compare", trained, *images, "--json"))["similarity"] <= 1
    _run("show", trained, "--svg", tmp_path / "network.svg")
    assert (tmp_path / "network.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_gallery_is_made_and_searched(trained: Path, clothes: Path, tmp_path: Path) -> None:
    gallery = tmp_path / "gallery.db"
    _run("index", trained, clothes / "train", "--gallery", gallery)
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    assert json.loads(_run("search", gallery, image, "-k", "1", "--json"))


def test_a_sample_is_unpacked_and_examined(tmp_path: Path) -> None:
    _run("sample", "omniglot", tmp_path / "characters")
    assert json.loads(_run("doctor", tmp_path / "characters", "--task", "reid", "--json"))


def test_what_is_wrong_is_still_said_in_words(tmp_path: Path) -> None:
    _run("train", tmp_path / "nothing", code=2)


def test_foreign_weights_are_imported_and_answer(clothes: Path, tmp_path: Path) -> None:
    network = atalho.create("resnet20", classes=3, in_channels=1)
    torch.save(atalho.export_weights(network), tmp_path / "weights.pth")
    (tmp_path / "Names.txt").write_bytes("bolsa\r\ntênis\r\ncalça\r\n".encode())
    out = tmp_path / "imported"
    told = _run(
        "import", _windows(tmp_path / "weights.pth"), "--model", "resnet20", "--size", "16", "--mean", "0.3",
        "--std", "0.3", "--classes", _windows(tmp_path / "Names.txt"), "--out", out, "--json",
    )  # fmt: skip
    assert json.loads(told)["network"] == "resnet20"
    assert atalho.load(out).classes == ("bolsa", "tênis", "calça")
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    assert json.loads(_run("predict", out, image, "--json"))[0]["label"] in ("bolsa", "tênis", "calça")


@pytest.mark.parametrize("ending", [".csv", ".npy", ".parquet"])
def test_vectors_are_written_and_indexed(trained: Path, clothes: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"vectors{ending}"
    assert json.loads(_run("embed", trained, clothes / "test", "--out", out, "--json"))["vectors"] == 60
    written = out.read_bytes()
    _run("embed", trained, clothes / "test", "--out", out)  # over the one that is there
    assert out.read_bytes() == written
    gallery = tmp_path / "gallery.db"
    _run("index", trained, "--vectors", _windows(out), "--gallery", gallery)
    assert len(json.loads(_run("gallery", "list", gallery, "--json"))) == 60


def test_a_gallery_is_looked_after(trained: Path, clothes: Path, tmp_path: Path) -> None:
    photos, gallery, other = tmp_path / "photos", tmp_path / "gallery.db", tmp_path / "other.db"
    shutil.copytree(clothes / "test", photos)
    _run("index", trained, photos, "--gallery", gallery)
    first, second, *_others = sorted((photos / "bag").iterdir())
    # SQLite opens files itself, where nothing finds them by another case.
    typed = str(gallery).replace("/", "\\")
    bags = json.loads(_run("gallery", "list", typed, "--label", "bag", "--json"))
    assert str(first) in {entry["path"] for entry in bags}
    assert json.loads(_run("gallery", "relabel", gallery, "sack", _windows(first), "--json")) == {"relabelled": 1}
    assert json.loads(_run("gallery", "remove", gallery, _windows(second), "--label", "trouser", "--json")) == {
        "removed": 21
    }
    first.unlink()
    assert len(json.loads(_run("gallery", "prune", gallery, "--json"))["gone"]) == 1
    _run("index", trained, photos / "bag", "--gallery", other)
    _run("gallery", "merge", gallery, other, "--into", tmp_path / "all.db")
    assert len(json.loads(_run("gallery", "list", tmp_path / "all.db", "--json"))) == 60 - 20 - 1
    _run("gallery", "verify", tmp_path / "all.db")
    _run("gallery", "rebuild", tmp_path / "all.db")
    assert json.loads(_run("search", tmp_path / "all.db", second, "-k", "1", "--json"))


def test_pretrained_weights_are_fetched_and_carried(
    world: World, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(_run("weights", "list", "--json"))[0]["name"] == "tv:tiny.v1"
    assert "CC0-1.0" in _run("weights", "show", "tv:tiny")
    assert json.loads(_run("weights", "fetch", "tv:tiny", "--json"))[0]["name"] == "tv:tiny"
    assert json.loads(_run("weights", "export", tmp_path / "stick", "--json"))[0]["file"] == world.filename
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    assert json.loads(_run("weights", "add", _windows(tmp_path / "stick"), "--json")) == {
        "added": ["tv:tiny.v1"],
        "left": [],
    }
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    assert json.loads(_run("predict", "tv:tiny", image, "--json"))[0]["label"] in CLASSES


def test_an_experiment_is_measured_and_goes_on(trained: Path, tmp_path: Path) -> None:
    def lesion(*more: str) -> dict[str, Any]:
        where = ("--images", "30", "--counts", "1", "--draws", "2", "--out", tmp_path / "lesion")
        found: dict[str, Any] = json.loads(_run("lab", "lesion", trained, *where, *more, "--json"))
        return found

    assert lesion("--budget", "0.0001")["missing"]
    whole = lesion()
    assert not whole["missing"]
    assert lesion()["measured"] == whole["measured"]
    assert (tmp_path / "lesion" / "report.html").is_file()


def test_the_sample_of_photographs_is_unpacked_and_examined(tmp_path: Path) -> None:
    _run("sample", "trash", tmp_path / "photographs")
    assert json.loads(_run("doctor", tmp_path / "photographs", "--json"))["classes"]
