"""Experiments that are killed, by the system and without a word, go on where they were and end the same."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Twins = tuple[Path, Path]
Kept = dict[str, int]

TRAINED = ["--epochs", "1", "--images", "60", "--batch-size", "30", "--seeds", "2"]

EXPERIMENTS = {
    "depth": ["depth", "{data}", "--depths", "8,14", *TRAINED],
    "compare": ["compare", "{data}", "--models", "resnet20,plain20", *TRAINED],
    "compare at equal times": ["compare", "{data}", "--models", "resnet20,plain20", "--equal", "time", *TRAINED],
    "identity": ["identity", "resnet56", "{data}", "--images", "16"],
    "gradients of a run": ["gradients", "{run}", "--beside", "{twin}", "--seeds", "2", "--batch", "12"],
    "gradients of a name": ["gradients", "resnet20", "{data}", "--images", "60", "--seeds", "3", "--batch", "12"],
    "cost": ["cost", "resnet20", "mlp6", "shufflenet_v2_x0_5", "--size", "32", "--rounds", "7"],
    "lesion": ["lesion", "{run}", "--beside", "{twin}", "--images", "60", "--counts", "2", "--draws", "3"],
    "landscape": ["landscape", "{run}", "--beside", "{twin}", "--images", "60", "--points", "7", "--lines", "2"],
}
"""Every experiment, in both ways where there are two, and so small that it takes seconds; each has five cells or more,
but for `compare` of two networks, which has four."""

MEASURED_TIMES = {"cost", "compare at equal times"}
"""Their results hold what a clock showed, which no second sitting repeats."""


def command(experiment: str, twins: Twins, data: Path, out: Path) -> list[str]:
    given = [part.format(run=twins[0], twin=twins[1], data=data) for part in EXPERIMENTS[experiment]]
    return [sys.executable, "-m", "atalho", "lab", *given, "--out", str(out)]


def whole_sitting(line: list[str]) -> None:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def killed_sitting(line: list[str], out: Path, cells: int) -> Kept:
    """Kills it as soon as so many cells are finished; which they are, and when each was written."""
    started = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(kept(out)) < cells:
        assert started.poll() is None
        os.sched_yield()
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    return kept(out)


def kept(out: Path) -> Kept:
    return {path.name: path.stat().st_mtime_ns for path in (out / "cells").glob("*.json")}


def result(out: Path) -> dict[str, Any]:
    found = json.loads((out / "result.json").read_bytes())
    return {part: found[part] for part in ("measured", "verdict", "settings", "missing")}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_finished_cells_are_not_measured_twice_and_the_result_is_the_same(
    experiment: str, twins: Twins, clothes: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    line = command(experiment, twins, clothes, killed)
    whole_sitting(command(experiment, twins, clothes, whole))
    once = killed_sitting(line, killed, 1)
    twice = killed_sitting(line, killed, len(once) + 1)
    assert len(once) < len(twice) < len(kept(whole)) and not (killed / "result.json").exists()
    whole_sitting(line)
    assert kept(killed) | once == kept(killed) | twice == kept(killed)
    assert kept(killed).keys() == kept(whole).keys()
    if experiment not in MEASURED_TIMES:
        assert result(killed) == result(whole)
    assert result(killed)["settings"] == result(whole)["settings"]


@pytest.mark.slow
def test_of_measured_times_those_from_before_the_kill_are_in_the_result(
    twins: Twins, clothes: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    line = command("cost", twins, clothes, killed)
    before = killed_sitting(line, killed, 3)
    seen = {name: json.loads((killed / "cells" / name).read_bytes())["value"] for name in before}
    whole_sitting(line)
    models = result(killed)["measured"]["models"]
    for name, counted in seen.pop("counts.json").items():
        assert {cost: models[name][cost]["median"] for cost in counted} == counted
    for cell, times in seen.items():
        place = int(cell.removeprefix("round-").removesuffix(".json")) - 1
        for name, measured in times.items():
            assert {cost: models[name][cost]["values"][place] for cost in measured} == measured
    assert all(len(costs["training_seconds"]["values"]) == 7 for costs in models.values())
    assert result(killed)["missing"] == []
