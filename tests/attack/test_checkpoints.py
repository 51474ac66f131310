"""A checkpoint belongs to one run: that of another is refused before anything is trained, cut or written."""

import json
import shutil
from pathlib import Path

import pytest

from atalho.cli import run as command
from atalho.runs.run import Run
from atalho.storage import atomic


def unfinished(run: Path, folder: Path) -> Path:
    """A copy of a run that was stopped at its first checkpoint."""
    shutil.copytree(run, folder)
    shutil.rmtree(folder / "model")
    shutil.rmtree(max((folder / "checkpoints").iterdir()))
    return folder


def test_the_checkpoints_of_another_run_are_refused(
    run: Run, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = unfinished(run.path, tmp_path / "own")
    other = ["--config", str(run.path / "run.toml"), "--seed", "7", "--out", str(tmp_path / "other")]
    assert command(["train", str(clothes), *other]) == 0
    shutil.rmtree(own / "checkpoints")
    shutil.copytree(tmp_path / "other" / "checkpoints", own / "checkpoints")
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert command(["train", "--resume", str(own)]) == 2
    assert "belongs to another run. Put back this run's own checkpoints" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before


def test_a_checkpoint_without_a_digest_is_one_of_an_earlier_version(run: Run, tmp_path: Path) -> None:
    own = unfinished(run.path, tmp_path / "own")
    newest = max((own / "checkpoints").iterdir())
    files = atomic.read_folder(newest, ("state.json", "state.safetensors"))
    state = json.loads(files["state.json"])
    assert len(state.pop("run")) == 64
    atomic.write_folder(newest, files | {"state.json": json.dumps(state).encode()})
    assert command(["train", "--resume", str(own)]) == 0
    for name in ("model/model.safetensors", "metrics.jsonl"):
        assert (own / name).read_bytes() == (run.path / name).read_bytes()
