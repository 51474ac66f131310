"""What the default recipe was chosen by: resnet20 for a few epochs with one value changed at a time.

    python benchmarks/recipe_search.py DATA [--epochs 4]

DATA holds CIFAR-10 as class folders. Variants that are finished are kept in results/recipe_search.json, so that an
interrupted search goes on. One seed each: the interval beside an accuracy is that of the test images alone.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from record import RESULTS, origin, write

NAME = "recipe_search"
VARIANTS: dict[str, list[str]] = {
    "default": [],
    "norm shifts at the common rate": ["--training.shift-lr", "1"],
    "norm shifts at 64 times the rate": ["--training.shift-lr", "64"],
    "residual branches start at zero": ["--training.zero-residual"],
    "shift by 4 pixels as in the papers": ["--augment.pad", "4"],
    "no label smoothing": ["--training.label-smoothing", "0"],
    "no averaging": ["--training.averaging", "0"],
    "batches of 64": ["--batch-size", "64"],
    "twice the rate, less decay": ["--training.lr", "0.8", "--training.weight-decay", "2e-4"],
    "cosine": ["--training.schedule", "cosine"],
}


def measure(data: str, epochs: int, options: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "atalho", "train", data, "--model", "resnet20", "--epochs", str(epochs)]
        subprocess.run([*command, *options, "--out", str(run)], check=True, capture_output=True)
        evaluation = json.loads((run / "evaluation.json").read_text())
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [row for row in rows if row["kind"] == "epoch"][-1]
    return {
        "options": " ".join(options),
        "top1": evaluation["top1"],
        "top1_interval": evaluation["top1_interval"],
        "train_loss": last["train_loss"],
        "train_top1": last["train_top1"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    kept = RESULTS / f"{NAME}.json"
    variants = json.loads(kept.read_text())["variants"] if kept.is_file() else {}
    for label, options in VARIANTS.items():
        if label not in variants:
            variants[label] = measure(given.data, given.epochs, options)
            about = origin(f"python benchmarks/recipe_search.py CIFAR --epochs {given.epochs}")
            write(NAME, {"epochs": given.epochs, "variants": variants, "provenance": about})
            print(label, variants[label], flush=True)


if __name__ == "__main__":
    main()
