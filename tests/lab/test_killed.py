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

OPTIONS = {
    "lesion": ["--images", "60", "--counts", "2", "--draws", "3"],
    "landscape": ["--images", "60", "--points", "7", "--lines", "2"],
    "gradients": ["--seeds", "2", "--batch", "12"],
}


def command(experiment: str, twins: Twins, out: Path) -> list[str]:
    given = [str(twins[0]), "--beside", str(twins[1]), *OPTIONS[experiment], "--out", str(out)]
    return [sys.executable, "-m", "atalho", "lab", experiment, *given]


def result(out: Path) -> dict[str, Any]:
    found = json.loads((out / "result.json").read_bytes())
    return {part: found[part] for part in ("measured", "verdict", "settings", "missing")}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", OPTIONS)
def test_finished_cells_are_not_measured_twice_and_the_result_is_the_same(
    experiment: str, twins: Twins, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(experiment, twins, whole), check=True, capture_output=True)
    cells = killed / "cells"
    started = subprocess.Popen(command(experiment, twins, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(cells.glob("*.json"))) < 3:
        assert started.poll() is None
        os.sched_yield()
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in cells.glob("*.json")}
    assert len(kept) < len(list((whole / "cells").iterdir())) and not (killed / "result.json").exists()
    subprocess.run(command(experiment, twins, killed), check=True, capture_output=True)
    assert {name: (cells / name).stat().st_mtime_ns for name in kept} == kept
    assert result(killed) == result(whole)
