"""A finished run that is trained longer: its schedule, and that a killed longer run ends as an undisturbed one."""

import shutil
from pathlib import Path
from typing import Final

import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.train import resume, train
from atalho.errors import ConfigError
from atalho.runs.run import Run
from atalho.storage import log
from atalho.storage.run_folder import RunFolder
from atalho.training import schedule
from atalho.training.progress import Progress

SETTINGS: Final = {
    "training.checkpoint_steps": 3, "training.lr": 0.1, "augment.pad": 2, "training.precision": "fp32",
    "training.averaging": 0.1,
}  # fmt: skip
"""Of 8 steps a tenth is too short for averaged weights, of 16 it is not."""


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def short(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of four steps, finished."""
    out = tmp_path_factory.mktemp("runs") / "short"
    return train(clothes, model="resnet20", epochs=2, batch_size=32, settings=SETTINGS, out=out).path


def copied(run: Path, out: Path) -> Path:
    return Path(shutil.copytree(run, out))


def rates(run: Run) -> list[float]:
    return [row["lr"] for row in log.read(run.path / "metrics.jsonl") if row["kind"] == "step"]  # type: ignore[misc]


def planned(run: Run, steps: int) -> list[float]:
    training = run.config.training
    how = {"shape": training.schedule, "warmup": training.warmup}
    return [training.lr * schedule.factor(step, steps, **how) for step in range(steps)]  # type: ignore[arg-type]


def test_a_killed_longer_run_ends_as_an_undisturbed_one(short: Path, tmp_path: Path) -> None:
    told = Told()
    whole = resume(copied(short, tmp_path / "whole"), epochs=4, progress=told)
    assert rates(whole) == planned(whole, 8)[:8] + planned(whole, 16)[8:]
    rows = [row["epoch"] for row in log.read(whole.path / "metrics.jsonl") if row["kind"] == "epoch"]
    assert rows == [1, 2, 3, 4]
    assert told.notes[0].startswith("resnet20 at 16 × 16 pixels, 4 epochs, ")
    assert told.notes[1] == "continues after step 8"
    assert any(note.startswith("training longer: 4 epochs, 16 steps in all. From step 8 on") for note in told.notes)
    cut = copied(short, tmp_path / "cut")
    for step in (9, 11, 16):  # before the first new checkpoint, between two, and at the end
        with pytest.raises(PowerCutError):
            resume(cut, epochs=4, progress=PowerCut(step))
        assert RunFolder(cut).provenance.finished is None  # type: ignore[union-attr]
    other = resume(cut)  # the length is known by now
    for name in ("metrics.jsonl", "model/model.safetensors", "evaluation.json", "run.toml"):
        assert (whole.path / name).read_bytes() == (other.path / name).read_bytes(), name
    state = "checkpoints/step-000000016/state.safetensors"
    assert (whole.path / state).read_bytes() == (other.path / state).read_bytes()
    assert (short / "run.toml").read_bytes() == (other.path / "run.toml").read_bytes()
    assert other.config.training.epochs == 4
    assert "After step 8 the run got another length: --resume with --epochs 4." in (
        (other.path / "report.html").read_text()
    )


def test_a_run_that_ended_within_an_epoch_goes_on_with_the_next(clothes: Path, tmp_path: Path) -> None:
    settings = SETTINGS | {"training.steps": 6}
    run = train(clothes, model="resnet20", batch_size=32, settings=settings, out=tmp_path / "run")
    longer = resume(run.path, epochs=3)
    rows = [(row["epoch"], row["step"]) for row in log.read(longer.path / "metrics.jsonl") if row["kind"] == "epoch"]
    assert rows == [(1, 4), (2, 6), (3, 10)]
    assert rates(longer) == planned(longer, 6)[:6] + planned(longer, 10)[6:]
    assert resume(run.path, epochs=3).evaluation == longer.evaluation  # nothing is left to do


def test_an_unfinished_run_changes_its_length_where_it_stands(short: Path, clothes: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(PowerCutError):
        train(
            clothes, model="resnet20", epochs=4, batch_size=32, settings=SETTINGS, out=out, progress=PowerCut(7)
        )  # saved at step 6
    run = resume(out, epochs=2)
    assert rates(run) == planned(run, 16)[:6] + planned(run, 8)[6:]


def test_epochs_that_are_done_are_refused_before_any_work(short: Path, tmp_path: Path) -> None:
    run = copied(short, tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match=r"--epochs 1 is not accepted: .* has already trained 2 epochs"):
        resume(run, epochs=1)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_two_lengthenings_keep_each_part_of_the_schedule(short: Path, tmp_path: Path) -> None:
    run = copied(short, tmp_path / "run")
    resume(run, epochs=3)
    longer = resume(run, epochs=4)
    assert rates(longer) == planned(longer, 8)[:8] + planned(longer, 12)[8:12] + planned(longer, 16)[12:]
