"""Time that is kept over a resume, and when a checkpoint is due."""

import json
from pathlib import Path

import pytest

from atalho.storage.run_folder import RunFolder
from atalho.training.timing import Timing


def _timing(folder: Path, *, minutes: float = 5, steps: int | None = None) -> Timing:
    return Timing(RunFolder(folder), minutes=minutes, steps=steps)


def test_epochs_are_written_with_their_speed(tmp_path: Path) -> None:
    timing = _timing(tmp_path)
    timing.step(100)
    seconds, speed = timing.epoch(1)
    record = json.loads((tmp_path / "timing.json").read_text())
    assert record["epochs"] == [{"epoch": 1, "seconds": round(seconds, 3), "images_per_second": round(speed, 1)}]
    assert speed * seconds == 100 or abs(speed * seconds - 100) < 1e-6


def test_an_epoch_that_was_interrupted_counts_what_came_before_the_checkpoint(tmp_path: Path) -> None:
    first = _timing(tmp_path)
    first.step(60)
    first.saved()
    first.step(20)  # lost: after the checkpoint
    before = json.loads((tmp_path / "timing.json").read_text())
    before["unfinished"]["seconds"] = 3.0
    (tmp_path / "timing.json").write_text(json.dumps(before))
    second = _timing(tmp_path)
    second.step(40)
    seconds, speed = second.epoch(1)
    assert 3.0 <= seconds < 4.0
    assert abs(speed * seconds - 100) < 1e-6
    assert json.loads((tmp_path / "timing.json").read_text())["seconds"] >= 3.0


def test_a_repeated_epoch_replaces_its_first_measurement(tmp_path: Path) -> None:
    before = {"epochs": [{"epoch": 1, "seconds": 5.0, "images_per_second": 1.0}]}
    (tmp_path / "timing.json").write_text(json.dumps(before))
    timing = _timing(tmp_path)
    timing.epoch(1)
    assert len(json.loads((tmp_path / "timing.json").read_text())["epochs"]) == 1


def test_what_is_left_does_without_the_first_step_and_counts_evaluations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("atalho.training.timing.time.monotonic", lambda: clock[0])
    timing = _timing(tmp_path)
    for seconds in (9.0, 1.0, 1.0):
        clock[0] += seconds
        timing.step(10)
    assert timing.seconds_left(5) == 5.0
    # A forward pass is taken for three tenths of a step until one was timed.
    assert timing.seconds_left(5, 2, 100) == pytest.approx(5 + 2 * 0.3 * 100 / 10)
    clock[0] += 4.0
    timing.epoch(1)
    assert timing.seconds_left(5, 2, 100) == pytest.approx(5 + 2 * 4)


def test_checkpoints_by_steps(tmp_path: Path) -> None:
    timing = _timing(tmp_path, steps=3)
    assert [timing.checkpoint_due(step) for step in range(1, 7)] == [False, False, True, False, False, True]


def test_checkpoints_by_time(tmp_path: Path) -> None:
    assert not _timing(tmp_path, minutes=60).checkpoint_due(1)
    assert _timing(tmp_path, minutes=1e-9).checkpoint_due(1)
