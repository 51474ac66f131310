"""Steps that nobody waits for, as on a GPU: here the CPU takes them, with the means that a GPU has.

The trainings compared differ only in when results are read and in whether steps are replayed.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from atalho.data.dataset import Dataset
from atalho.data.preprocessing import Preprocessing
from atalho.errors import NotFiniteError, StoppedError
from atalho.networks import Network, create
from atalho.precision import choose
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import training_setup
from atalho.settings import validate
from atalho.storage import checkpoint, log
from atalho.storage.log import JsonLines
from atalho.training import loop
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress, StepReport
from atalho.training.recording import Replay
from atalho.training.state import TrainingState
from atalho.training.step import StepResult
from atalho.training.stepping import StepsAhead
from atalho.training.timing import Timing


class _Again:
    """Replays a step by doing it again."""

    replayed = 0

    def plainly(self, step: Replay) -> StepResult:
        return step()

    def record(self, step: Replay) -> Replay:
        def replay() -> StepResult:
            _Again.replayed += 1
            return step()

        return replay


class _Stop(Progress):
    """Asks for a stop when a step was reported."""

    def __init__(self, step: int) -> None:
        self._step = step

    def step(self, report: StepReport) -> None:
        if report.step == self._step:
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on steps are taken as on a GPU, `most` of them before the first is read."""

    def use(most: int, *, recorded: bool = False) -> None:
        def take(setup: Any, state: Any, network: Any, reduce: Any, _world: int, note: Any) -> StepsAhead:
            return StepsAhead(setup, state, network, reduce, _Again() if recorded else None, note)

        monkeypatch.setattr(loop, "stepping", take)
        monkeypatch.setattr(loop, "_AHEAD", most)

    return use


@pytest.fixture(scope="module")
def dataset(clothes: Path) -> Dataset:
    config = validate({"data": {"path": str(clothes)}})
    surveyed = survey_data(config, Progress())
    return open_dataset(surveyed, config.data, Progress(), channels=surveyed.channels)


def _train(dataset: Dataset, folder: Path, progress: Progress | None = None, **training: Any) -> None:
    """Train in `folder`, from its newest checkpoint if there is one."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    values = {"epochs": 2, "batch_size": 10, "lr": 0.1, "averaging": 0.2} | training
    config = validate({"data": {"path": "clothes"}, "training": values})
    prepared = Preprocessing(size=16, resize=16, channels=1, mean=(0.3,), std=(0.3,))
    setup = training_setup(config, dataset, prepared, choose("cpu", "fp32"), folder / "checkpoints")
    state = TrainingState.start(_network(), config.training, setup.steps)
    saved = checkpoint.latest(folder / "checkpoints")
    offset = 0 if saved is None else state.restore(saved)
    timing = Timing(None, minutes=60, steps=config.training.checkpoint_steps)
    with JsonLines(folder / "metrics.jsonl", offset) as lines:
        loop.fit(setup, state, Ranks(), lines, timing, progress or Progress())


def _network() -> Network:
    torch.manual_seed(0)
    return create("resnet20", classes=3, in_channels=1)


def _endings(folder: Path) -> list[bytes]:
    saved = checkpoint.latest(folder / "checkpoints")
    assert saved is not None
    tensors = [saved.tensors[name].numpy().tobytes() for name in sorted(saved.tensors)]
    return [(folder / "metrics.jsonl").read_bytes(), *tensors]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
def test_when_steps_are_read_and_whether_they_are_replayed_changes_no_byte(
    dataset: Dataset, tmp_path: Path, ahead: Callable[..., None], optimizer: str
) -> None:
    rate = {"optimizer": optimizer, "lr": 0.001 if optimizer == "adam" else 0.1}
    ahead(1)
    _train(dataset, tmp_path / "at once", **rate)
    ahead(8)
    _train(dataset, tmp_path / "late", **rate)
    ahead(8, recorded=True)
    _Again.replayed = 0
    _train(dataset, tmp_path / "replayed", **rate)
    assert _Again.replayed > 10
    assert _endings(tmp_path / "at once") == _endings(tmp_path / "late") == _endings(tmp_path / "replayed")


def test_they_learn_as_the_steps_of_the_cpu_do(dataset: Dataset, tmp_path: Path, ahead: Callable[..., None]) -> None:
    _train(dataset, tmp_path / "one by one")
    ahead(8)
    _train(dataset, tmp_path / "late")
    losses = [
        [row["loss"] for row in log.read(tmp_path / name / "metrics.jsonl") if row["kind"] == "step"][:6]
        for name in ("one by one", "late")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_stop_saves_every_step_that_was_begun_and_the_resume_ends_alike(
    dataset: Dataset, tmp_path: Path, ahead: Callable[..., None], recorded: bool
) -> None:
    ahead(8, recorded=recorded)
    _train(dataset, tmp_path / "whole")
    with pytest.raises(StoppedError):
        _train(dataset, tmp_path / "run", _Stop(7))
    rows = list(log.read(tmp_path / "run" / "metrics.jsonl"))
    saved = checkpoint.latest(tmp_path / "run" / "checkpoints")
    assert saved is not None
    assert saved.step == rows[-1]["step"] > 7
    _train(dataset, tmp_path / "run")
    assert _endings(tmp_path / "run") == _endings(tmp_path / "whole")


@pytest.mark.parametrize("recorded", [False, True])
def test_a_step_that_is_not_finite_is_named_however_late_it_is_read(
    dataset: Dataset, tmp_path: Path, ahead: Callable[..., None], recorded: bool
) -> None:
    said, rows = [], []
    for most in (1, 8):
        ahead(most, recorded=recorded)
        folder = tmp_path / str(most)
        with pytest.raises(NotFiniteError, match=r"Step \d+: the loss is .*first in .*train/") as caught:
            _train(dataset, folder, lr=1e12, warmup=0.5)
        said.append(str(caught.value))
        rows.append((folder / "metrics.jsonl").read_bytes())
        assert checkpoint.latest(folder / "checkpoints") is None
    assert said[0] == said[1]
    assert rows[0] == rows[1]


def test_a_checkpoint_holds_the_steps_that_were_begun(
    dataset: Dataset, tmp_path: Path, ahead: Callable[..., None]
) -> None:
    ahead(8)
    _train(dataset, tmp_path / "often", checkpoint_steps=3, keep=100)
    _train(dataset, tmp_path / "whole")
    steps = [int(path.name.partition("-")[2]) for path in sorted((tmp_path / "often" / "checkpoints").iterdir())]
    assert steps == [*range(3, 22, 3), 22]
    assert _endings(tmp_path / "often") == _endings(tmp_path / "whole")
