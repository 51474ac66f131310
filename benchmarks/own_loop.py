"""`atalho train` with a stop-watch on its steps. Prints images per second.

Images are not varied, as the bare loop does not vary its batch; the first two steps, which allocate, do not count.

python benchmarks/own_loop.py DATA NETWORK BATCH SIDE PRECISION
"""

import sys
import tempfile
import time
from pathlib import Path

from atalho.cli import prepare_process
from atalho.training.progress import Progress, StepReport


class Clock(Progress):
    """When each step ended, in seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def step(self, report: StepReport) -> None:
        self.ends.append(time.perf_counter())


def main(data: str, name: str, batch: int, side: int, precision: str) -> float:
    prepare_process()
    from atalho.api.train import train

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "data.size": side,
            "data.val_fraction": 0,
            "augment.crop": "none",
            "augment.flip": False,
            "training.precision": precision,
        }
        out = Path(folder) / "run"
        train(data, model=name, epochs=1, batch_size=batch, settings=settings, out=out, progress=clock)
    return batch * (len(clock.ends) - 2) / (clock.ends[-1] - clock.ends[1])


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
