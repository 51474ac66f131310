"""A run of minutes: how many steps that is, and that the run is then as exact as any other."""

import dataclasses
import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.train import forecast, resume, train
from atalho.errors import ConfigError, StoppedError
from atalho.runs import duration
from atalho.runs.duration import Epoch, StepCosts
from atalho.runs.run import Run
from atalho.storage import log
from atalho.training.progress import Progress

SETTINGS = {"training.checkpoint_steps": 3, "training.lr": 0.1, "training.batch_size": 32}
COSTS = StepCosts(step=0.1, image=0.001, save=0.5, once=1.0)


def same_end(one: Run, other: Run) -> None:
    last = max(path.name for path in (other.path / "checkpoints").iterdir())
    names = ("run.toml", "metrics.jsonl", "model/model.safetensors", "evaluation.json")
    for name in (*names, f"checkpoints/{last}/state.safetensors", f"checkpoints/{last}/state.json"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes(), name


@pytest.mark.parametrize(
    ("steps", "epoch", "images"),
    [
        # Each epoch is validated on 100, the shipped statistics are of 2,048 images, or of all that there are.
        (50, Epoch(50, 6400, 100), 100 + 2048),
        (51, Epoch(50, 6400, 100), 200 + 256 + 2048),
        (1000, Epoch(50, 6400, 100), 20 * 100 + 4 * 256 + 2048),
        (1000, Epoch(50, 6400, 300), 20 * 300 + 4 * 300 + 2048),
        (30, Epoch(10, 150, 0), 2 * 150 + 150),
    ],
)
def test_the_end_of_an_epoch_and_of_the_run_are_counted(steps: int, epoch: Epoch, images: int) -> None:
    assert COSTS.seconds(steps, epoch, saves=2) == pytest.approx(1.0 + 0.1 * steps + 0.001 * images + 2 * 0.5)


@pytest.mark.parametrize("epoch", [Epoch(1, 32, 10), Epoch(50, 6400, 1000), Epoch(10**6, 10**8, 5000)])
def test_the_steps_whose_time_comes_nearest(epoch: Epoch) -> None:
    for seconds in (12.0, 60.0, 613.0):
        steps = COSTS.steps_in(seconds, epoch)
        off = [abs(COSTS.seconds(steps + more, epoch) - seconds) for more in (-1, 0, 1)]
        assert off[1] == min(off)
    assert COSTS.steps_in(0.01, epoch) == 1


def test_steps_end_a_run_within_an_epoch_with_the_schedule_of_those_steps(clothes: Path, tmp_path: Path) -> None:
    settings = SETTINGS | {"training.steps": 6}
    run = train(clothes, model="resnet20", settings=settings, out=tmp_path / "run")
    rows = log.read(run.path / "metrics.jsonl")
    steps = [row for row in rows if row["kind"] == "step"]
    assert [row["step"] for row in steps] == [1, 2, 3, 4, 5, 6]
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [1, 2]  # of 4 steps, the second ends early
    assert rows[-1]["kind"] == "epoch"
    assert run.config.training.epochs == 2
    # After the warm-up the rate falls by equal steps and would be zero at step 7.
    rates = [row["lr"] for row in steps[1:]]
    falls = [before - after for before, after in pairwise(rates)]
    assert falls == pytest.approx([rates[-1]] * 4, rel=0.35)
    with pytest.raises(PowerCutError):
        train(clothes, model="resnet20", settings=settings, out=tmp_path / "cut", progress=PowerCut(5))
    again = resume(tmp_path / "cut")
    assert (again.path / "metrics.jsonl").read_bytes() == (run.path / "metrics.jsonl").read_bytes()
    same = "model/model.safetensors"
    assert (again.path / same).read_bytes() == (run.path / same).read_bytes()


def test_minutes_are_measured_once_and_the_run_is_exact(clothes: Path, tmp_path: Path) -> None:
    with pytest.raises(PowerCutError):
        train(clothes, model="resnet20", minutes=0.08, settings=SETTINGS, out=tmp_path / "cut", progress=PowerCut(4))
    shutil.copytree(tmp_path / "cut", tmp_path / "kept")
    first = resume(tmp_path / "cut")
    training = first.config.training
    assert training.minutes == 0.08
    assert training.steps is not None
    assert training.steps >= 4
    per_epoch = 4
    assert training.epochs == -(-training.steps // per_epoch)
    assert len([row for row in log.read(first.path / "metrics.jsonl") if row["kind"] == "step"]) == training.steps
    second = train(config=tmp_path / "cut" / "run.toml", out=tmp_path / "second")
    same_end(second, first)
    assert json.loads((first.path / "timing.json").read_text())["seconds"] > 0


def test_the_time_that_steps_took_gives_their_number(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duration, "_measured", lambda _setup, _state, seconds: dataclasses.replace(COSTS, once=0.0))
    notes: list[str] = []
    listener = Progress()
    monkeypatch.setattr(listener, "note", notes.append)
    found = forecast(
        clothes, model="resnet20", settings=SETTINGS | {"training.minutes": 0.05}, out=tmp_path, progress=listener
    )
    # Of 3 s the checkpoint takes 0.5, the statistics of 108 images 0.108, and each of 4 whole epochs 0.4 for its steps,
    # 0.012 for its validation and 0.108 for the statistics that it borrows: three more steps fit.
    assert (found.steps, found.epochs) == (19, 5)
    assert "0.05 min: 19 steps of 32 images, 4.8 epochs" in notes
    assert list(tmp_path.iterdir()) == []


def test_too_few_minutes_for_a_step_are_refused(clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duration, "_measured", lambda *_rest: dataclasses.replace(COSTS, step=30.0))
    with pytest.raises(ConfigError, match=r"--minutes 0\.1 is too short: .* take about 32 s\. Give at least 0\.6\."):
        train(clothes, model="resnet20", minutes=0.1, settings=SETTINGS, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_signal_while_measuring_leaves_nothing(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_rest: object) -> None:
        raise StoppedError("Stopped and saved at step 1", 2)

    monkeypatch.setattr(duration.loop, "fit", interrupted)
    with pytest.raises(StoppedError, match=r"^Stopped before the training began\.$") as stopped:
        train(clothes, model="resnet20", minutes=1, settings=SETTINGS, out=tmp_path / "run")
    assert stopped.value.exit_code == 130
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "lengths",
    [{"epochs": 2, "minutes": 1.0}, {"minutes": 1.0, "settings": {"training.steps": 3}},
     {"epochs": 2, "settings": {"training": {"steps": 3}}}],
)  # fmt: skip
def test_only_one_length_is_accepted(clothes: Path, tmp_path: Path, lengths: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"training\.\w+, training\.\w+: these are different ways to say how long"):
        train(clothes, out=tmp_path / "run", **lengths)


@pytest.mark.parametrize("minutes", [0, -1, float("nan")])
def test_minutes_must_be_positive(clothes: Path, tmp_path: Path, minutes: float) -> None:
    with pytest.raises(ConfigError, match=r"training\.minutes = .* is not accepted"):
        train(clothes, minutes=minutes, out=tmp_path / "run")


def test_another_length_replaces_that_of_a_file(clothes: Path, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[training]\nepochs = 9\nsteps = 35\nminutes = 3.0\nbatch_size = 32\n")
    kept = forecast(clothes, model="resnet20", config=file)
    assert (kept.epochs, kept.steps) == (9, 35)
    other = forecast(clothes, model="resnet20", config=file, settings={"training.epochs": 2})
    assert (other.epochs, other.steps) == (2, None)
