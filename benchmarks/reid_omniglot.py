"""Re-identification of characters by other drawers, in alphabets that were never trained on.

    python benchmarks/reid_omniglot.py DATA [--out FOLDER]

DATA is the folder of alphabets (`atalho sample omniglot DATA`). Identities are characters and cameras are drawers; the
test holds two of five alphabets. Trains through the command line, as a user would, and measures on the same test, as
floors, the same network untrained and the raw pixels. Writes results/reid-omniglot.json. What is there already is
continued or kept; `attempts` in the result are earlier settings, on the same split, from FOLDER/attempts.json.
"""

import argparse
import dataclasses
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from record import origin, write

from atalho.cli import prepare_process
from atalho.data.dataset import Dataset
from atalho.precision import choose
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.network import first_weights
from atalho.runs.run import Run
from atalho.tasks.reidentification import evaluation
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.tasks.task import EvaluationOptions, EvaluationTarget
from atalho.training.progress import Progress

ROOT = Path(__file__).parent.parent
OPTIONS = (
    "--task reid --data.split-by group --data.test-fraction 0.4 --model resnet18 --model.stem large --data.size 64 "
    "--epochs 64 --batch-size 64 --reid.rotations --reid.triplet soft --augment.affine 1 --augment.no-flip "
    "--augment.erasing 0.25 --training.lr 0.001"
)
KEPT = ("rank1", "rank5", "rank10", "rank20", "map", "minp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "reid-omniglot")
    given = parser.parse_args()
    command = [sys.executable, "-m", "atalho", "train", str(given.data), *OPTIONS.split(), "--out", str(given.out)]
    fresh = not given.out.exists()
    if not (given.out / "evaluation.json").is_file():
        subprocess.run([*command, "--continue"], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = Run.open(given.out)
    attempts = given.out / "attempts.json"
    result = {
        "trained": _short(run.evaluation),
        "untrained": _short(_untrained(run)),
        "raw_pixels": _short(_raw_pixels(run)),
        "alphabets": _alphabets(run),
        "seconds": run.seconds,
        # What the cores computed, which other work on the machine hardly changes; known of a run in one go.
        "core_seconds": round(used.ru_utime + used.ru_stime, 1) if fresh else None,
        "threads": run.json("provenance.json")["threads"],
        "epochs": run.config.training.epochs,
        "images": run.evaluation.images,
        "identities": run.evaluation.identities,
        "protocol": run.evaluation.protocol,
        "validation": _validation(run),
        "attempts": json.loads(attempts.read_text()) if attempts.is_file() else [],
        "provenance": origin(f"atalho train DATA {OPTIONS}", run.config.training.seed),
    }
    print(write("reid-omniglot", result).name)
    for name in ("trained", "untrained", "raw_pixels"):
        print(name, result[name])


def _short(evaluation: ReidentificationEvaluation) -> dict[str, Any]:
    found = evaluation.to_dict()
    names = [name for figure in KEPT for name in (figure, f"{figure}_interval")]
    return {name: found[name] for name in ("queries", "valid_queries", *names)}


def _alphabets(run: Run) -> dict[str, list[str]]:
    manifest = run.manifest
    return {
        split: sorted({manifest.classes[label].rpartition("/")[0] for label in manifest.labels[ids].tolist()})
        for split, ids in manifest.splits.items()
    }


def _validation(run: Run) -> dict[str, float]:
    last = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()][-1]
    return {name: last[name] for name in ("val_rank1", "val_map")}


def _pixels(run: Run) -> Dataset:
    config = dataclasses.replace(run.config.data, size=run.network.preprocessing.size)
    looked = survey_data(dataclasses.replace(run.config, data=config), Progress())
    return open_dataset(looked, config, Progress(), channels=run.network.preprocessing.channels)


def _untrained(run: Run) -> ReidentificationEvaluation:
    network = first_weights(run.network.spec, run.config, None)
    target = EvaluationTarget(network, _pixels(run), run.network.preprocessing, choose("auto", "fp32"))
    return evaluation.evaluate(target, "test", EvaluationOptions(run.config.reid.protocol), Progress())


def _raw_pixels(run: Run) -> ReidentificationEvaluation:
    pixels = _pixels(run)
    manifest, ids = pixels.manifest, pixels.manifest.splits["test"]
    # Ink as positive numbers, so that the cosine compares strokes and not paper.
    vectors = 255.0 - torch.as_tensor(pixels.images[ids]).float().flatten(1)
    queries, gallery = evaluation.sides(vectors, ids, manifest, "test")
    chosen = evaluation.protocol_for(run.config.reid.protocol, manifest)
    return evaluation.measure(queries, gallery, manifest, split="test", protocol=chosen)


if __name__ == "__main__":
    prepare_process()
    main()
