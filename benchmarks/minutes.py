"""Does `atalho train --minutes` end in time? Seconds in `timing.json` against the minutes asked for.

    python benchmarks/minutes.py [--data FOLDER]

Three networks, 1 and 3 minutes each, on a set of images (by default the sample that ships), one run after the other.
FOLDER may have any layout, such as the IDX files of Fashion-MNIST. Finished trials are kept in the result file, so
that an interrupted call goes on; `--most 2` ends after two.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from record import RESULTS, origin, write

from atalho.data import samples

NAME = "minutes"
NETWORKS = ("resnet20", "resnet18", "densenet-bc-40-12")
MINUTES = (1.0, 3.0)


def measure(data: Path, network: str, minutes: float) -> dict:
    """One run: the seconds of its training, its steps, and what was measured at its start."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        subprocess.run(
            [sys.executable, "-m", "atalho", "train", str(data), "--model", network, "--data.size", "32",
             "--minutes", str(minutes), "--out", str(run)],
            check=True,
            capture_output=True,
        )  # fmt: skip
        training = tomllib.loads((run / "run.toml").read_text())["training"]
        seconds = json.loads((run / "timing.json").read_text())["seconds"]
        images = json.loads((run / "manifest.json").read_text())["splits"]["train"]
    return {
        "seconds": seconds,
        "off": round(seconds / (60 * minutes) - 1, 4),
        "steps": training["steps"],
        "epochs": training["epochs"],
        "train_images": len(images),
        "measured": training.get("measured"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--most", type=int, default=len(NETWORKS) * len(MINUTES))
    given = parser.parse_args()
    kept = RESULTS / f"{NAME}.json"
    trials: dict[str, dict] = json.loads(kept.read_text())["trials"] if kept.is_file() else {}
    left = [
        (f"{network}, {minutes:g} min", network, minutes)
        for minutes in MINUTES
        for network in NETWORKS
        if f"{network}, {minutes:g} min" not in trials
    ]
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or samples.unpack("fashion", Path(folder) / "fashion")
        for label, network, minutes in left[: given.most]:
            trials[label] = measure(data, network, minutes)
            farthest = max(abs(trial["off"]) for trial in trials.values())
            command = "python benchmarks/minutes.py" + (" --data FOLDER" if given.data else "")
            write(NAME, {"farthest": farthest, "trials": trials, "provenance": origin(command)})
            print(label, trials[label], flush=True)


if __name__ == "__main__":
    main()
