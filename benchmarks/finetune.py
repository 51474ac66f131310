"""From scratch or from trained weights? Accuracy on the same test images after equally long trainings.

    python benchmarks/finetune.py FOLDER... [--from MODEL] [--steps 300]
    python benchmarks/finetune.py FOLDER... --variants

FOLDER holds one folder per class, or splits that do; the splits are put together. A quarter of each class is the test,
the same in all trials; from the rest come 10, 50 and all images a class. MODEL is what `--from` takes: a name such as
imagenet, or a run. `--variants` compares ways of fine-tuning instead, one changed at a time. Finished trials are kept
in the result file, so that an interrupted call goes on; `--most 2` ends after two.

All trials have the same network, the same images per step and the same steps, which take equally long however busy the
machine is while they run; steps in which the backbone is frozen take less.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from statistics import mean

from record import RESULTS, origin, write
from scipy import stats

COUNTS = (10, 50, None)
TESTED = 4
"""One image in so many of each class is tested."""
SUFFIXES = (".jpg", ".jpeg", ".png")
BATCH = 32
FINETUNE = {"recipe": "finetune", "frozen": 0, "stage-lr": 1, "norms": "batch"}
VARIANTS = {
    "head and backbone": FINETUNE,
    "frozen for 20 %": FINETUNE | {"frozen": 0.2},
    "rates by depth, 0.5": FINETUNE | {"stage-lr": 0.5},
    "norms kept": FINETUNE | {"norms": "kept"},
    "backbone as fast as the head": FINETUNE | {"backbone-lr": 1},
    "norms kept, backbone as fast as the head": FINETUNE | {"norms": "kept", "backbone-lr": 1},
    "the same at twice the rate": FINETUNE | {"norms": "kept", "backbone-lr": 1, "lr": 0.04},
    "as from scratch": {"recipe": "fast"},
}


Classes = dict[str, list[Path]]


def images_of(folder: Path) -> Classes:
    """The images of each class, in an order that is drawn from their names."""
    classes: Classes = defaultdict(list)
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES:
            classes[path.parent.name].append(path.resolve())
    for paths in classes.values():
        paths.sort(key=lambda path: hashlib.sha256(path.name.encode()).digest())
    return dict(sorted(classes.items()))


def table(classes: Classes, count: int | None, seed: int, file: Path) -> dict[str, int]:
    """Write the table of a trial; the seed draws what is trained on, and the test never changes."""
    rows = []
    for name, paths in classes.items():
        tested, rest = paths[: len(paths) // TESTED], paths[len(paths) // TESTED :]
        rest.sort(key=lambda path: hashlib.sha256(f"{seed} {path.name}".encode()).digest())
        rows += [(path, name, "test") for path in tested] + [(path, name, "train") for path in rest[:count]]
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([("path", "label", "split"), *rows])
    return {split: sum(row[2] == split for row in rows) for split in ("train", "test")}


def trial(classes: Classes, count: int | None, seed: int, given: argparse.Namespace, options: list[str]) -> dict:
    """One training, and what its test says."""
    with tempfile.TemporaryDirectory() as folder:
        data, run = Path(folder) / "images.csv", Path(folder) / "run"
        images = table(classes, count, seed, data)
        done = subprocess.run(
            [sys.executable, "-m", "atalho", "train", str(data), "--skip-bad", "--data.size", str(given.size),
             "--batch-size", str(BATCH), "--training.steps", str(given.steps), "--seed", str(seed), "--out", str(run),
             "--training.precision", given.precision, "--training.layout", "channels-last", *options],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        if done.returncode == 1:
            return images | {"failed": done.stderr.splitlines()[-1].partition(". ")[0]}
        done.check_returncode()
        top1 = json.loads((run / "evaluation.json").read_text())["top1"]
        epochs = tomllib.loads((run / "run.toml").read_text())["training"]["epochs"]
        return images | {"top1": top1, "epochs": epochs}


def options_of(way: dict[str, float | str]) -> list[str]:
    """The values of a variant as options of the command line."""
    return [word for name, value in way.items() for word in (f"--training.{name}", str(value))]


def summary(trials: dict[str, dict]) -> dict[str, dict]:
    """Mean accuracy of the seeds of each row, with the interval of the mean by Student's t."""
    rows: dict[str, list[float]] = defaultdict(list)
    for label, row in trials.items():
        if "failed" in row:
            continue
        rows[label.rpartition(", seed ")[0]].append(row["top1"])
    return {label: _interval(values) for label, values in rows.items()}


def _interval(values: list[float]) -> dict:
    row = {"top1": round(mean(values), 4), "seeds": len(values)}
    if len(values) > 1:
        half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1))
        row["interval"] = [round(mean(values) - half, 4), round(mean(values) + half, 4)]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--from", dest="start", default="imagenet")
    parser.add_argument("--about", default="", help="what the weights were trained on, for the result file")
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--stem", default="large")
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--precision", default="fp32", help="of the training; tests are always fp32")
    parser.add_argument("--name", default="finetune", help="of the result file")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--most", type=int, default=10**6)
    given = parser.parse_args()
    scratch = ["--model", given.model, "--model.stem", given.stem]
    start = [*(["--model", given.model] if given.start == "imagenet" else []), "--from", given.start]
    if given.variants:
        ways = {name: start + options_of(way) for name, way in VARIANTS.items()}
    else:
        ways = {"from scratch": scratch, "fine-tuned": start}
    name = given.name + ("_variants" if given.variants else "")
    kept = RESULTS / f"{name}.json"
    about = {name: getattr(given, name) for name in ("model", "stem", "size", "steps", "precision")}
    about |= {"batch_size": BATCH, "start": given.about or given.start}
    known = json.loads(kept.read_text()) if kept.is_file() else {"trials": {}, "about": about}
    if known["about"] != about:
        parser.error(f"{kept} holds trials with {known['about']}. Move it away, or ask for the same.")
    trials: dict[str, dict] = known["trials"]
    command = f"python benchmarks/{Path(__file__).name} FOLDER..." + (" --variants" if given.variants else "")
    classes = {folder: images_of(folder) for folder in given.folders}
    wanted = [
        (f"{folder.name}, {count or 'all'} a class, {way}, seed {seed}", folder, count, seed, options)
        for seed in range(given.seeds)
        for folder in given.folders
        for count in COUNTS
        for way, options in ways.items()
    ]
    for label, folder, count, seed, options in [row for row in wanted if row[0] not in trials][: given.most]:
        trials[label] = trial(classes[folder], count, seed, given, options)
        found = {"summary": summary(trials), "about": about, "trials": trials}
        write(name, found | {"provenance": origin(command)})
        print(label, trials[label], flush=True)


if __name__ == "__main__":
    main()
