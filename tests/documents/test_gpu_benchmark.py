"""The benchmark of a GPU runs from end to end, here on the CPU at a tiny size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_part_gives_a_figure_and_a_second_run_measures_nothing_again(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--tiny", "--minutes", "14", "--out", str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    found = json.loads(out.read_text())
    parts = found["parts"]
    assert not [name for name, part in parts.items() if "failed" in part], said
    assert {name.partition(" resnet")[0] for name in parts} == {
        *("own", "own without determinism", "bare", "loader", "memory", "kills"),
    }
    speeds = [
        row["images_s"]
        for part in parts.values()
        for row in part.values()
        if isinstance(row, dict) and "images_s" in row
    ]
    assert len(speeds) == 10
    assert min(speeds) > 0
    assert "Kills after which every byte was equal: 1 of 1." in said
    assert parts["memory"]["micro_batch"] > parts["memory"]["trained_with"] == 2
    assert found["provenance"]["command"].startswith("python benchmarks/gpu.py --device cpu --tiny")
    again = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert again.startswith("| network |")
