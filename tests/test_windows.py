"""The commands on Windows, as far as another system can imitate it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
