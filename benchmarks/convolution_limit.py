"""How much faster than a plain loop a step could be whose convolutions alone took time, in fp32 with AVX2.

Every convolution of a network is timed on a batch of its own: forward, and the gradients of its weights and (but for
the first) its input. Their sum, against a step of the plain loop of training_speed.py in the same round, is the limit
of what anything but other convolutions could win.

    python benchmarks/convolution_limit.py [--rounds 3]

Each turn is a process of its own. Rounds that are finished are kept in results/convolution_limit.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter

import peer_loop
import torch
from record import RESULTS, origin, write
from torch import nn
from training_speed import AVX2, STEPPED, STEPS, Round, printed

from atalho import networks
from atalho.cli import prepare_process

NAME = "convolution_limit"
COMMAND = "python benchmarks/convolution_limit.py"
LAYOUTS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
REPETITIONS = 5

# in and out channels, kernel, stride, padding, side of the input, whether the input needs a gradient
Shape = tuple[int, int, int, int, int, int, bool]


def shapes(name: str, side: int) -> Counter[Shape]:
    """The convolutions of a network, and how many of each."""
    found: Counter[Shape] = Counter()
    network = networks.create(name, classes=10, image_size=side)

    def note(layer: nn.Conv2d, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        one = (layer.kernel_size[0], layer.stride[0], int(layer.padding[0]), inputs[0].shape[2])
        found[layer.in_channels, layer.out_channels, *one, bool(found)] += 1

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(note)
    network(torch.randn(2, 3, side, side))
    return found


def seconds(shape: Shape, batch: int, layout: torch.memory_format) -> float:
    """Of one convolution, forward and backward: the median."""
    before, after, kernel, stride, padding, side, needs_gradient = shape
    layer = nn.Conv2d(before, after, kernel, stride, padding, bias=False).to(memory_format=layout)
    x = torch.randn(batch, before, side, side).to(memory_format=layout).requires_grad_(needs_gradient)
    gradient = torch.randn_like(layer(x))
    wanted = [layer.weight, x] if needs_gradient else [layer.weight]
    took = []
    for _ in range(REPETITIONS + 2):
        start = time.perf_counter()
        torch.autograd.grad(layer(x), wanted, gradient)
        took.append(time.perf_counter() - start)
    return statistics.median(took[2:])


def measure(name: str, batch: int, side: int) -> None:
    """Print the milliseconds that all convolutions of a step take, by layout, as JSON."""
    prepare_process()
    found = shapes(name, side)
    sums = {
        label: 1000 * sum(count * seconds(shape, batch, layout) for shape, count in found.items())
        for label, layout in LAYOUTS.items()
    }
    print(json.dumps(sums))


def measure_round(name: str, batch: int, side: int) -> Round:
    reference, _start = printed(peer_loop, "steps", "plain", "fp32", name, batch, side, STEPS // 2)
    command = [sys.executable, __file__, "--measure", name, str(batch), str(side)]
    sums = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    plain = 1000 * batch / reference
    measured = {"reference_ms": plain} | {f"convolutions_{label}_ms": value for label, value in sums.items()}
    return {key: round(value, 1) for key, value in measured.items()} | {"limit": round(plain / min(sums.values()), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=3, metavar=("NETWORK", "BATCH", "SIDE"), help="one turn; for this script")
    given = parser.parse_args()
    if given.measure:
        name, *numbers = given.measure
        measure(name, *map(int, numbers))
        return
    os.environ.update(AVX2)  # for the turns; this process computes nothing
    kept = RESULTS / f"{NAME}.json"
    rounds: dict[str, list[Round]] = json.loads(kept.read_text())["rounds"] if kept.is_file() else {}
    for number in range(given.rounds):
        for label, stepped in STEPPED.items():
            if len(rounds.get(label, [])) <= number:
                rounds.setdefault(label, []).append(measure_round(*stepped))
                medians = {
                    label: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
                    for label, rows in rounds.items()
                }
                about = origin(COMMAND) | {"precision": "cpu fp32 (limited to AVX2)"}
                write(NAME, {"medians": medians, "rounds": rounds, "environment": AVX2, "provenance": about})
                print(label, rounds[label][-1], flush=True)


if __name__ == "__main__":
    main()
