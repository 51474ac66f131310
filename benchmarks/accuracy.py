"""Accuracy of the default recipe on a data set, through the command line as a user would run it.

    python benchmarks/accuracy.py NAME DATA --model resnet20 --epochs 10 [further options of atalho train]

Writes results/accuracy-NAME-MODEL.json: what `atalho train` printed, the evaluation without its per-image part,
timing and provenance. A run that was interrupted is resumed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from record import origin, write

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("data")
    parser.add_argument("--model", required=True)
    given, options = parser.parse_known_args()
    label = f"{given.name}-{given.model}"
    run = ROOT / "runs" / label
    command = [sys.executable, "-m", "atalho", "train"]
    if (run / "run.toml").is_file():
        command += ["--resume", str(run), "--json"]
    else:
        command += [given.data, "--model", given.model, *options, "--out", str(run), "--json"]
    printed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    evaluation = json.loads((run / "evaluation.json").read_text())
    asked = " ".join(["atalho train DATA", "--model", given.model, *options])
    seed = json.loads((run / "provenance.json").read_text())["seed"]
    result = {
        "top1": printed["top1"],
        "seconds": printed["seconds"],
        "evaluation": {key: value for key, value in evaluation.items() if key not in ("mistakes", "calibration")},
        "timing": json.loads((run / "timing.json").read_text()),
        "provenance": origin(asked, seed),
    }
    print(write(f"accuracy-{label}", result).name, printed["top1"], evaluation["top1_interval"], printed["seconds"])


if __name__ == "__main__":
    main()
