"""What must not change a run: workers, the cache, how often it saves, whether it is evaluated, who else draws."""

import hashlib
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from atalho.api.train import train
from atalho.runs import fit
from atalho.runs.run import Run
from atalho.storage import log
from atalho.training.progress import EpochReport, Progress, StepReport

SPEC = {
    "family": "resnet",
    "design": "basic",
    "blocks": [1, 1],
    "widths": [8, 16],
    "stem": "small",
    "stem_channels": 8,
    "dropout": 0.2,
}
SETTINGS = {
    "model.spec": SPEC,
    "training.epochs": 3,
    "training.batch_size": 24,
    "training.lr": 0.1,
    "training.precision": "fp32",
    "augment.erasing": 0.5,
    "augment.mixup": 0.2,
}


class Drawing(Progress):
    """Draws from every global generator, and computes, in between."""

    def step(self, report: StepReport) -> None:
        random.random()
        np.random.random()
        torch.rand(3)

    def epoch(self, report: EpochReport) -> None:
        torch.nn.functional.dropout(torch.ones(100), 0.5)


@pytest.fixture(autouse=True)
def only_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the last step is tested elsewhere."""
    monkeypatch.setattr(fit.finish, "finish", lambda *_rest, **_options: None)


def _trained(data: Path, out: Path, changes: dict[str, object], progress: Progress | None = None) -> Run:
    return train(data, settings=SETTINGS | changes, out=out, progress=progress)


def _end(run: Run) -> tuple[str, ...]:
    """Hashes of the last state (weights, averaged weights, momentum), its sums, and the hash of the log."""
    last = max((run.path / "checkpoints").glob("step-*"))
    sums = json.loads((last / "state.json").read_bytes())
    del sums["run"]  # the digest of the settings, which differ
    tensors, rows = (path.read_bytes() for path in (last / "state.safetensors", run.path / "metrics.jsonl"))
    return last.name, hashlib.sha256(tensors).hexdigest(), json.dumps(sums), hashlib.sha256(rows).hexdigest()


@pytest.fixture(scope="module")
def expected(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit.finish, "finish", lambda *_rest, **_options: None)
        return _end(_trained(clothes, tmp_path_factory.mktemp("expected") / "x", {}))


@pytest.mark.parametrize(("cache_gb", "workers"), [(0, 0), (0, 1), (0, 2), (0, 4), (4, 2)])
def test_workers_and_the_cache(
    clothes: Path,
    tmp_path: Path,
    expected: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    cache_gb: float,
    workers: int,
) -> None:
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "cache"))
    run = _trained(clothes, tmp_path / "x", {"data.cache_gb": cache_gb, "data.workers": workers})
    assert _end(run) == expected


@pytest.mark.parametrize(
    "changes",
    [{"training.checkpoint_steps": 1, "training.keep": 1}, {"training.checkpoint_steps": 4}],
    ids=["every step", "every fourth step"],
)
def test_how_often_it_saves(
    clothes: Path, tmp_path: Path, expected: tuple[str, ...], changes: dict[str, object]
) -> None:
    assert _end(_trained(clothes, tmp_path / "x", changes)) == expected


def test_who_else_draws_random_numbers(clothes: Path, tmp_path: Path, expected: tuple[str, ...]) -> None:
    torch.manual_seed(1234)
    assert _end(_trained(clothes, tmp_path / "x", {}, Drawing())) == expected


def test_evaluation_in_between(clothes: Path, tmp_path: Path) -> None:
    """The same training images, with validation images beside them and without."""
    alone, both = tmp_path / "alone", tmp_path / "both"
    for root in (alone, both):
        shutil.copytree(clothes / "train", root / "train")
        shutil.copytree(clothes / "test", root / "test")
    shutil.copytree(clothes / "test", both / "val")
    runs = [_trained(root, tmp_path / f"run-{root.name}", {"data.val_fraction": 0}) for root in (alone, both)]
    rows = [log.read(run.path / "metrics.jsonl") for run in runs]
    assert [[row["val_top1"] is None for row in each if row["kind"] == "epoch"] for each in rows] == [
        [True] * 3,
        [False] * 3,
    ]
    steps = [[row for row in each if row["kind"] == "step"] for each in rows]
    assert steps[0] == steps[1]
    assert _end(runs[0])[:2] == _end(runs[1])[:2]
