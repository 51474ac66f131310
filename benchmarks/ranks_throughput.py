"""Two ranks of one thread against one process of two threads: images per second on the CPU.

    python benchmarks/ranks_throughput.py DATA [--model resnet20] [--epochs 1] [--rounds 3] [--batch-size 128]

The two take turns, and which is first changes from round to round; the figure of each is the median over rounds of
what `timing.json` of the run says, without the start of the processes. Writes results/ranks_throughput.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from record import origin, write

ATALHO = ("-m", "atalho", "train")
WAYS = {
    "two ranks of one thread": (
        (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *ATALHO),
        1,
    ),
    "one process of two threads": ((sys.executable, *ATALHO), 2),
}


def speed(way: str, options: list[str]) -> float:
    """Images per second of one training."""
    command, threads = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        subprocess.run(
            [*command, *options, "--training.threads", str(threads), "--out", str(run)],
            check=True,
            capture_output=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )
        return float(json.loads((run / "timing.json").read_text())["images_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    options = [given.data, "--model", given.model, "--epochs", str(given.epochs)]
    options += ["--batch-size", str(given.batch_size), "--data.size", str(given.size)]
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(given.rounds):
        for way in sorted(WAYS, reverse=number % 2 == 1):
            speeds[way].append(speed(way, options))
            print(way, speeds[way][-1], flush=True)
    medians = {way: statistics.median(values) for way, values in speeds.items()}
    ranks, one = (medians[way] for way in WAYS)
    asked = f"python benchmarks/ranks_throughput.py DATA --model {given.model} --epochs {given.epochs}"
    result = {
        "model": given.model,
        "size": given.size,
        "batch size": given.batch_size,
        "images per second": speeds,
        "medians": medians,
        "ranks over one process": ranks / one,
        "provenance": origin(asked),
    }
    print(write("ranks_throughput", result).name, medians, round(ranks / one, 3))


if __name__ == "__main__":
    main()
