"""What `atalho train --dry-run` says, and that it leaves nothing."""

import json
from pathlib import Path

import pytest

from atalho import cli
from atalho.api.train import forecast
from atalho.errors import RunError
from atalho.runs import speed


def test_everything_is_told_and_nothing_written(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["train", str(clothes), "--model", "resnet20", "--epochs", "3", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    memory = found.pop("memory")
    assert "MB" in memory
    assert found == {
        "network": "resnet20",
        "parameters": 268_979,
        "size": 16,
        "classes": 3,
        "images": {"train": 108, "val": 12, "test": 60},
        "batch_size": 32,
        "epochs": 3,
        "steps": None,
        "precision": "cpu fp32 (the run is too short to measure)",
        "layout": "channels-last",
        "threads": speed.default_threads(),
        "measured": f"{speed.machine()}; the run is too short to measure; "
        f"chosen: fp32 channels-last {speed.default_threads()} threads",
    }
    assert cli.run(["train", str(clothes), "--model", "resnet20", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "network: resnet20, 268,979 parameters\nimages: train 108, val 12, test 60\nsize: 16 × 16\n" in said
    assert "precision: cpu fp32 (the run is too short to measure)\nmemory layout: channels-last\n" in said
    assert list(tmp_path.iterdir()) == []


def test_it_is_no_resume(clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["train", "--resume", str(tmp_path), "--dry-run"]) == 2
    assert "Remove: --dry-run." in capsys.readouterr().err


def test_it_refuses_what_training_refuses(clothes: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(RunError, match=r"already exists and is not a run"):
        forecast(clothes, out=tmp_path)
