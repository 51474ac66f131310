"""How steady is this machine? The bound of what `--minutes` can keep, which measures the speed before a run begins.

    python benchmarks/drift.py [--seconds 150]

The same training step of resnet18 on 128 images of 32 px, over and over, with nothing else running. Had the speed been
measured in any one stretch of it (of `WINDOW` seconds) and the number of steps fixed for the rest, the rest would have
ended so much too late or too early: the shares are in results/drift.json.
"""

import argparse
import statistics
import time

import torch
from record import origin, write
from torch.nn import functional

from atalho import networks

NAME = "drift"
WINDOW = 7.2  # what `--minutes 3` measures for


def step_seconds(seconds: float) -> list[float]:
    torch.manual_seed(0)
    network = networks.create("resnet18", classes=10, image_size=32).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images, labels = torch.rand(128, 3, 32, 32).to(memory_format=torch.channels_last), torch.randint(10, (128,))
    times: list[float] = []
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        before = time.perf_counter()
        optimizer.zero_grad()
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - before)
    return times[1:]  # the first prepares kernels and memory


def off_by(times: list[float]) -> list[float]:
    """For each start of a stretch: the time of the steps behind it over what the stretch foretold, less one."""
    found = []
    for start in range(len(times)):
        end, spent = start, 0.0
        while end < len(times) and spent < WINDOW:
            spent += times[end]
            end += 1
        if len(times) - end < len(times) // 2:
            break  # too little is left to be foretold
        found.append(statistics.mean(times[end:]) / (spent / (end - start)) - 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=150.0)
    given = parser.parse_args()
    times = step_seconds(given.seconds)
    found = off_by(times)
    said = {
        "step_seconds": {"fastest": min(times), "median": statistics.median(times), "slowest": max(times)},
        "steps": len(times),
        "window": WINDOW,
        "off": {"lowest": min(found), "highest": max(found)},
        "beyond_a_tenth": sum(abs(share) > 0.1 for share in found) / len(found),
    }
    print(said)
    print(write(NAME, origin(f"python benchmarks/drift.py --seconds {given.seconds:g}") | said))


if __name__ == "__main__":
    main()
