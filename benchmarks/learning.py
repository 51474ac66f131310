"""What a network learns in a few hundred steps, with one thing changed at a time: each seed compared with itself.

    python benchmarks/learning.py CIFAR [--seeds 3] [--steps 300] [--of NAME...]

CIFAR holds CIFAR-10 as class folders. Steps that cost more than the default's are fewer and cheaper ones more, so that
all candidates take the time of as many default steps: `cost` says what a step of each takes relative to a default
one. It is measured in the processor's time, in turns, before the trainings, and hardly depends on how busy the machine
is. What is finished is kept in results/learning.json, so that an interrupted call goes on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median

from record import RESULTS, origin, write
from scipy import stats

NAME = "learning"
DEFAULT = "default"
CANDIDATES: dict[str, list[str]] = {
    DEFAULT: [],
    "muon": ["--training.optimizer", "muon"],
    "muon, half the rate": ["--training.optimizer", "muon", "--training.lr", "0.2"],
    "images that grow": ["--augment.start-side", "0.75"],
    "muon, images that grow": ["--training.optimizer", "muon", "--augment.start-side", "0.75"],
    "resnet9": ["--model", "resnet9"],
    "stable schedule": ["--training.schedule", "stable"],
    "cosine schedule": ["--training.schedule", "cosine"],
    "norm shifts at the common rate": ["--training.shift-lr", "1"],
    "norm shifts at 64 times the rate": ["--training.shift-lr", "64"],
    "residual branches start at zero": ["--training.zero-residual"],
    "shift by 4 pixels as in the papers": ["--augment.pad", "4"],
    "no label smoothing": ["--training.label-smoothing", "0"],
    "no averaging": ["--training.averaging", "0"],
    "batches of 64": ["--batch-size", "64"],
    "twice the rate, less decay": ["--training.lr", "0.8", "--training.weight-decay", "2e-4"],
}
SHORT, LONG, TURNS = 10, 40, 3
FEW = {"train": 200, "test": 10}
"""Images of each class on which the cost of a step is measured."""


def train(data: str, out: Path, options: list[str], steps: int, seed: int) -> float:
    """Train one candidate; returns the seconds of processor time that the process took."""
    command = [sys.executable, "-m", "atalho", "train", data, "--model", "resnet20", "--training.steps", str(steps)]
    command += [] if "--batch-size" in options else ["--batch-size", "128"]
    command += ["--seed", str(seed), "--training.precision", "fp32", *options, "--out", str(out)]
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cost(data: str, options: list[str]) -> float:
    """What a step takes relative to a default one: what more steps add to the time of the whole command."""

    def step(changed: list[str]) -> float:
        with tempfile.TemporaryDirectory() as runs:
            short, long = (train(few, Path(runs) / str(n), changed, n, 0) for n in (SHORT, LONG))
        return (long - short) / (LONG - SHORT)

    if not options:
        return 1.0
    with tempfile.TemporaryDirectory() as few:
        for split, most in FEW.items():
            for folder in (Path(data) / split).iterdir():
                (Path(few) / split / folder.name).mkdir(parents=True)
                for image in sorted(folder.iterdir())[:most]:
                    shutil.copy(image, Path(few) / split / folder.name)
        return median(step(options) / step([]) for _turn in range(TURNS))


def compared(candidates: dict[str, dict]) -> None:
    """Give every candidate its mean and what it gains on the default, from the seeds that both have."""
    for one in candidates.values():
        one["top1"] = mean(one["seeds"].values())
        shared = sorted(set(one["seeds"]) & set(candidates[DEFAULT]["seeds"]))
        gains = [one["seeds"][seed] - candidates[DEFAULT]["seeds"][seed] for seed in shared]
        one["gain"] = mean(gains)
        if len(gains) > 1 and one is not candidates[DEFAULT]:
            interval = stats.t.interval(0.95, len(gains) - 1, loc=mean(gains), scale=stats.sem(gains))
            one["gain_interval"] = [float(end) for end in interval]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--of", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    given = parser.parse_args()
    kept = RESULTS / f"{NAME}.json"
    candidates = json.loads(kept.read_text())["candidates"] if kept.is_file() else {}
    for seed in range(given.seeds):
        for label in dict.fromkeys([DEFAULT, *given.of]):
            options = CANDIDATES[label]
            if label not in candidates:
                candidates[label] = {"options": " ".join(options), "cost": cost(given.data, options), "seeds": {}}
            one = candidates[label]
            if str(seed) in one["seeds"]:
                continue
            one["steps"] = round(given.steps / one["cost"])
            with tempfile.TemporaryDirectory() as folder:
                train(given.data, Path(folder) / "run", options, one["steps"], seed)
                one["seeds"][str(seed)] = json.loads((Path(folder) / "run" / "evaluation.json").read_text())["top1"]
            compared(candidates)
            about = origin(f"python benchmarks/learning.py CIFAR --seeds {given.seeds} --steps {given.steps}")
            write(NAME, {"steps": given.steps, "candidates": candidates, "provenance": about})
            print(seed, label, one, flush=True)


if __name__ == "__main__":
    main()
