"""A training that tells which images each rank saw: what `benchmarks/ranks.py` starts by torchrun.

    torchrun --nproc-per-node N benchmarks/ranks_run.py DATA RUN SEEN [--stop STEP] [--epochs E]

Every rank adds a line {"world", "rank", "epoch", "ids"} to SEEN/<world>-<rank>.jsonl for each step, and at the end
writes the SHA-256 of all its tensors to SEEN/<world>-<rank>.sha256. At STEP rank 0 asks itself to stop, by SIGTERM.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

import atalho
from atalho.data.augment import Augment
from atalho.errors import ReportedElsewhereError, StoppedError
from atalho.training import loop
from atalho.training.distributed import from_environment
from atalho.training.progress import Progress, StepReport
from atalho.training.state import TrainingState

SETTINGS = {
    "training.lr": 0.1,
    "training.precision": "fp32",
    "training.checkpoint_steps": 3,
    "training.class_weights": "balanced",
    "model.dropout": 0.1,
}


class Stop(Progress):
    """Asks for an end after a step."""

    def __init__(self, step: int | None) -> None:
        self._step = step

    def step(self, report: StepReport) -> None:
        if report.step == self._step:
            os.kill(os.getpid(), signal.SIGTERM)


def watch(seen: Path) -> None:
    """From now on every step tells its images, and the end of training its tensors."""
    ranks = from_environment()
    name = f"{ranks.world}-{ranks.rank}"
    vary, fit = Augment.__call__, loop.fit

    def seeing(self: Augment, pixels: Tensor, ids: Any, epoch: int, *rest: Any) -> tuple[Tensor, Tensor]:
        row = {"world": ranks.world, "rank": ranks.rank, "epoch": epoch, "ids": [int(number) for number in ids]}
        with (seen / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        return vary(self, pixels, ids, epoch, *rest)

    def fitting(material: Any, state: TrainingState, *rest: Any) -> None:
        fit(material, state, *rest)
        tensors = {key: tensor.contiguous() for key, tensor in sorted(state.tensors().items())}
        (seen / f"{name}.sha256").write_text(hashlib.sha256(safetensors.torch.save(tensors)).hexdigest())

    Augment.__call__ = seeing  # type: ignore[method-assign]
    loop.fit = fitting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "run", "seen"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--stop", type=int)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=33)
    given = parser.parse_args()
    given.seen.mkdir(parents=True, exist_ok=True)
    watch(given.seen)
    try:
        atalho.train(
            given.data,
            model="resnet20",
            epochs=given.epochs,
            batch_size=given.batch_size,
            settings=SETTINGS,
            out=given.run,
            continue_existing=True,
            progress=Stop(given.stop),
        )
    except (StoppedError, ReportedElsewhereError) as error:
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
