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
        [sys.executable, PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LANGUAGE": "en"},
    )
    assert found.returncode == code, found.stderr
    return found.stdout


@pytest.fixture(scope="module")
def trained(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("windows") / "run"
    _run("train", clothes, "--model", "resnet20", "--epochs", "2", "--training.checkpoint-steps", "1", "--out", out)
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
