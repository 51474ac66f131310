"""What TensorBoard reads back from a run: every step and epoch once, also after a resume."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from atalho.api.train import resume, train
from atalho.errors import ConfigError, StoppedError
from atalho.runs.run import Run
from atalho.storage import log
from atalho.training.progress import Progress, StepReport
from atalho.training.tracking import tracked

_WITHOUT = """
import sys
sys.modules["tensorboard"] = None  # as where it is not installed
from atalho.cli import run
sys.exit(run(sys.argv[1:]))
"""


SETTINGS = {"training.checkpoint_steps": 3, "training.lr": 0.1, "augment.pad": 2, "training.precision": "fp32"}


class StopAt(Progress):
    """Sends the signal that a cluster sends, after a step."""

    def __init__(self, step: int) -> None:
        self.wanted = step

    def step(self, report: StepReport) -> None:
        if report.step == self.wanted:
            signal.raise_signal(signal.SIGTERM)


def _series(run: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def _logged(run: Path, kind: str, name: str) -> list[tuple[int, float]]:
    rows = log.read(run / "metrics.jsonl")
    return [(row["step"], pytest.approx(row[name], rel=1e-6)) for row in rows if row["kind"] == kind]


def test_events_are_the_metrics_log_and_a_resume_doubles_none(clothes: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    chosen = {"epochs": 2, "batch_size": 32, "settings": SETTINGS, "out": out}
    with pytest.raises(StoppedError):
        train(clothes, model="resnet20", track="tensorboard", progress=StopAt(5), **chosen)
    # As after a power cut: the steps behind the last checkpoint are done again.
    newest = max((out / "checkpoints").iterdir())
    for file in newest.iterdir():
        file.unlink()
    newest.rmdir()
    run = resume(out)
    assert _series(out, "step/loss") == _logged(out, "step", "loss")
    for name in ("train_loss", "val_top1", "learning_rate"):
        assert _series(out, f"epoch/{name}") == _logged(out, "epoch", name)
    assert isinstance(run, Run)


def test_a_run_that_does_not_ask_has_no_events(clothes: Path, tmp_path: Path) -> None:
    run = train(clothes, model="resnet20", epochs=1, batch_size=60, settings=SETTINGS, out=tmp_path / "run")
    assert not (run.path / "tensorboard").exists()


def test_where_it_is_not_installed_the_line_that_installs_it_is_printed(clothes: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WITHOUT, "train", str(clothes), "--track", "tensorboard", "--out"]
    done = subprocess.run([*command, str(tmp_path / "run")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install -e '.[track]'" in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_unknown_tracker_is_refused_with_the_known_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown value for track: 'tensorbord'. Did you mean tensorboard\?"):
        tracked(None, "tensorbord")


def test_a_training_goes_on_where_its_events_cannot_be_written(
    clothes: Path, tmp_path: Path, settings: dict[str, object]
) -> None:
    told: list[str] = []

    class Listener(Progress):
        def begin(self, run: Path) -> None:
            (run / "tensorboard").write_bytes(b"mine")

        def note(self, text: str) -> None:
            told.append(text)

    run = train(
        clothes,
        model="resnet20",
        epochs=1,
        batch_size=60,
        settings=settings,
        out=tmp_path / "x",
        track="tensorboard",
        progress=Listener(),
    )
    assert (run.path / "report.html").is_file()
    assert [text for text in told if "without TensorBoard" in text] == [told[-2]]  # before that of the calibration
    assert (run.path / "tensorboard").read_bytes() == b"mine"
