"""What was tried to make a step faster on a CPU without bf16 units, in fp32 with AVX2: each against the step as it is.

    python benchmarks/step_attempts.py [--rounds 3] [--seconds 150] [--only NAME ...]

A turn is a process that takes steps in all ways by turns over one prepared batch; what is set for a whole process has
one of its own, after one without it. A ratio is the median over steps of the time as it is over that of the attempt.
Turns that are finished are kept in results/step_attempts.json; after `--seconds` no further one is begun.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from record import RESULTS, origin, write
from training_speed import AVX2, STEPPED, Round

from atalho.cli import prepare_process

NAME = "step_attempts"
STEPS = {"resnet20": 21, "resnet18": 9}
PLAIN = "plain"
BOTH = tuple(STEPPED)


@dataclass(frozen=True)
class Attempt:
    """What is tried, on which networks; `setting` is for a whole process."""

    what: str
    networks: tuple[str, ...] = BOTH
    setting: dict[str, str] | None = None


LARGE = BOTH[1:]
ATTEMPTS = {
    "in_place": Attempt("ReLUs and the sums of blocks in place; the same bits"),
    "one_function": Attempt("batch norm, sum and ReLU as one function of autograd; the same bits"),
    "pool_first": Attempt("max pooling before the ReLU of the large stem; the same bits", LARGE),
    "contiguous_stem": Attempt("the first convolution forward in the contiguous layout; the same bits", LARGE),
    "folded_stem": Attempt("the 7x7 convolution of stride 2 as a 4x4 one on 12 channels", LARGE),
    "winograd": Attempt("3x3 convolutions of 128 channels and more by Winograd's F(4x4, 3x3)", LARGE),
    "winograd_weights": Attempt("only their weight gradients by Winograd's algorithm", LARGE),
    "winograd_weights_64": Attempt("the same from 64 channels on"),
    "matrix_weights": Attempt("weight gradients of 512 channels as one product of matrices", LARGE),
    "compiled": Attempt("the network under torch.compile, after compiling"),
    "small_pages": Attempt("no huge pages asked for", setting={"THP_MEM_ALLOC_ENABLE": "0"}),
    "no_returns": Attempt(
        "the C library never gives memory back",
        setting={"THP_MEM_ALLOC_ENABLE": "0", "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0"},
    ),
}


def stepper(name: str, batch: int, side: int, way: str | None) -> Any:
    """A function that takes a training step and returns its seconds."""
    import step_ways
    import torch

    from atalho import networks
    from atalho.config import Config
    from atalho.precision import choose
    from atalho.tasks import classification
    from atalho.tasks.task import Outputs
    from atalho.training.averaging import AveragedWeights
    from atalho.training.distributed import Ranks
    from atalho.training.optimizer import build_optimizer, set_rate
    from atalho.training.reduction import GradientReduction
    from atalho.training.setup import TrainingSetup
    from atalho.training.step import TrainingBatch, train_step

    torch.manual_seed(0)
    network = networks.create(name, classes=10, image_size=side).to(memory_format=torch.channels_last).train()
    averaged = AveragedWeights(network, 100)
    if way is not None:
        step_ways.WAYS[way](network)
    # What of the task a step asks for.
    task: Any = SimpleNamespace(
        outputs=lambda network, images: Outputs(network(images)),
        loss=lambda outputs, targets: classification.loss(outputs.logits, targets),
        part=lambda targets, ids, whole: 1.0,
    )
    config, ids, labels = Config(), np.arange(batch), torch.arange(batch) % 10
    setup = TrainingSetup(config, task, (), choose("cpu", "fp32"), Path())
    optimizer, reduce = build_optimizer(network, config.training), GradientReduction(network, Ranks())
    set_rate(optimizer, 0.01)
    images = torch.randn(batch, 3, side, side).contiguous(memory_format=torch.channels_last)
    prepared = TrainingBatch(0, ids, ids, images, labels, labels)

    def step() -> float:
        start = time.perf_counter()
        train_step(network, prepared, setup, optimizer, reduce)
        averaged.update(100)
        return time.perf_counter() - start

    return step


def turn(name: str, batch: int, side: int, ways: list[str]) -> list[list[float]]:
    """Seconds of the steps in each of the ways, taken by turns; the first two, which allocate, do not count."""
    steps = [stepper(name, batch, side, None if way == PLAIN else way) for way in ways]
    took: list[list[float]] = [[] for _ in ways]
    for number in range(STEPS[name] + 2):
        order = list(zip(steps, took, strict=True))
        for step, seconds in order if number % 2 else reversed(order):
            seconds.append(step())
    return [seconds[2:] for seconds in took]


def run(label: str, *ways: str, **variables: str) -> list[list[float]]:
    command = [sys.executable, __file__, "--turn", *map(str, STEPPED[label]), *ways]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | variables)
    return json.loads(done.stdout.splitlines()[-1])


def measured(label: str, names: list[str]) -> dict[str, Round]:
    """What attempts that can share a process, or one that cannot, gave on a network."""
    setting = ATTEMPTS[names[0]].setting
    if setting is None:
        plain, *others = run(label, PLAIN, *names)
    else:
        plain, *others = *run(label, PLAIN), *run(label, PLAIN, **setting)
    return {
        name: {
            "plain_ms": round(1000 * statistics.median(plain), 1),
            "ms": round(1000 * statistics.median(seconds), 1),
            "ratio": round(statistics.median(a / b for a, b in zip(plain, seconds, strict=True)), 3),
        }
        for name, seconds in zip(names, others, strict=True)
    }


def groups(label: str, wanted: list[str]) -> list[list[str]]:
    """The attempts for a network: those that change it share a process, but for one that compiles."""
    fitting = [name for name in wanted if label in ATTEMPTS[name].networks]
    shared = [name for name in fitting if ATTEMPTS[name].setting is None and name != "compiled"]
    return [group for group in (shared, *([name] for name in fitting if name not in shared)) if group]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--only", nargs="+", choices=list(ATTEMPTS), default=list(ATTEMPTS))
    parser.add_argument("--turn", nargs="+", help="for this script")
    given = parser.parse_args()
    if given.turn:
        prepare_process()
        name, batch, side, *ways = given.turn
        print(json.dumps(turn(name, int(batch), int(side), ways)))
        return
    os.environ.update(AVX2)  # for the turns; this process computes nothing
    kept = RESULTS / f"{NAME}.json"
    rounds: dict[str, dict[str, list[Round]]] = json.loads(kept.read_text())["rounds"] if kept.is_file() else {}
    end = time.perf_counter() + given.seconds
    for number in range(given.rounds):
        for label in STEPPED:
            for group in groups(label, given.only):
                missing = [name for name in group if len(rounds.get(name, {}).get(label, [])) <= number]
                if not missing:
                    continue
                if time.perf_counter() > end:
                    return
                for name, row in measured(label, missing).items():
                    rounds.setdefault(name, {}).setdefault(label, []).append(row)
                    print(name, label, row, flush=True)
                keep(rounds)


def keep(rounds: dict[str, dict[str, list[Round]]]) -> None:
    ratios = {
        name: {label: statistics.median(row["ratio"] for row in rows) for label, rows in by_label.items()}
        for name, by_label in rounds.items()
    }
    about = origin(shlex.join(["python", "benchmarks/step_attempts.py", *sys.argv[1:]]))
    about["precision"] = "cpu fp32 (limited to AVX2)"  # of the turns
    what = {name: attempt.what for name, attempt in ATTEMPTS.items()}
    held = {"attempts": what, "ratios": ratios, "rounds": rounds, "environment": AVX2, "provenance": about}
    write(NAME, held)


if __name__ == "__main__":
    main()
