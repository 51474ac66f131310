"""What a network that starts from trained weights keeps: a held backbone, slower stages, the norms' statistics."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from atalho import networks
from atalho.api.train import resume, train
from atalho.config import TrainingConfig
from atalho.errors import ConfigError
from atalho.model import load
from atalho.runs.run import Run
from atalho.training.progress import Progress, StepReport
from atalho.training.transfer import rates


def test_each_stage_learns_slower_than_the_one_after_it() -> None:
    network = networks.create("resnet18")
    shares = rates(network, TrainingConfig(backbone_lr=0.2, stage_lr=0.5))
    assert set(shares) == {id(parameter) for parameter in network.parameters()}
    parts = (network.head, network.stages[3], network.stages[2], network.stages[1], network.stages[0], network.stem)
    for part, share in zip(parts, (1, 0.2, 0.1, 0.05, 0.025, 0.0125), strict=True):
        assert [shares[id(parameter)] for parameter in part.parameters()] == pytest.approx(
            [share] * len(list(part.parameters()))
        )


@pytest.mark.parametrize("name", ["preact18", "densenet-bc-10-12", "mlp6"])
def test_what_closes_the_last_stage_learns_as_it_does(name: str) -> None:
    network = networks.create(name)
    shares = rates(network, TrainingConfig(backbone_lr=0.2, stage_lr=0.5))
    assert {shares[id(parameter)] for parameter in network.closing.parameters()} <= {0.2}


SETTINGS = {"training.steps": 6, "training.checkpoint_steps": 2, "training.batch_size": 32, "training.averaging": 0.0}


def tensors(run: Run) -> dict[str, Tensor]:
    return dict(load(run.path).network.state_dict())


@pytest.mark.parametrize("norms", ["batch", "kept"])
def test_a_held_backbone_stays_as_it_was(run: Run, clothes: Path, tmp_path: Path, norms: str) -> None:
    settings = SETTINGS | {"model.start": str(run.path), "training.frozen": 0.99, "training.norms": norms}
    before, after = tensors(run), tensors(train(clothes, settings=settings, out=tmp_path / "run"))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    statistics = {name for name in before if name.rpartition(".")[2].startswith(("running_", "num_batches"))}
    assert {name for name in moved if name.startswith("head.")} == {"head.classifier.weight", "head.classifier.bias"}
    backbone = {name for name in moved if not name.startswith("head.")}
    assert backbone <= (statistics if norms == "batch" else set())


def test_norms_that_are_kept_do_so_while_all_weights_learn(run: Run, clothes: Path, tmp_path: Path) -> None:
    settings = SETTINGS | {"model.start": str(run.path), "training.norms": "kept", "training.lr": 0.01}
    before, after = tensors(run), tensors(train(clothes, settings=settings, out=tmp_path / "run"))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert "stem.conv.weight" in moved
    assert not [name for name in moved if "running_" in name]


class CutAt(Progress):
    """Cuts the power at a step."""

    def __init__(self, step: int) -> None:
        self.wanted = step

    def step(self, report: StepReport) -> None:
        if report.step == self.wanted:
            raise InterruptedError


@pytest.mark.parametrize("cut", [3, 5])  # while the backbone is held until step 4, and after it
def test_a_run_that_was_cut_ends_as_one_that_was_not(run: Run, clothes: Path, tmp_path: Path, cut: int) -> None:
    settings = SETTINGS | {"model.start": str(run.path), "training.frozen": 0.6, "training.stage_lr": 0.5}
    whole = train(clothes, settings=settings, out=tmp_path / "whole")
    with pytest.raises(InterruptedError):
        train(clothes, settings=settings, out=tmp_path / "cut", progress=CutAt(cut))
    resumed = resume(tmp_path / "cut")
    for name in ("metrics.jsonl", "model/model.safetensors"):
        assert (whole.path / name).read_bytes() == (resumed.path / name).read_bytes(), name


@pytest.mark.parametrize("setting", [{"training.frozen": 0.5}, {"training.norms": "kept"}])
def test_what_needs_trained_weights_is_refused_without(
    clothes: Path, tmp_path: Path, setting: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="Add --from RUN"):
        train(clothes, settings=setting, out=tmp_path / "run")
