"""Training speed against the usual way, turn by turn in one process: ratios, medians over rounds.

(a) steps: Atalho's own loop (augmentation, checks, averaging and log included) against a bare loop in fp32 over one
    prepared batch, the way torchvision's references train: resnet20 at 32 pixels, resnet18 at 128 pixels.
(b) whole epochs from a folder of JPEGs: `atalho.train` from an empty cache against ImageFolder, DataLoader with two
    workers and the usual transforms around the same network in fp32.

    python benchmarks/training_speed.py [--cifar FOLDER] [--rounds 5] [--epoch-rounds 2]

FOLDER holds train/<class>/*.jpg; without it only (a) runs, on the sample that ships. Rounds that are finished are
kept in the result file, so that an interrupted run goes on.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from record import RESULTS, origin, write
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

import atalho
from atalho import networks
from atalho.data import samples
from atalho.training.progress import EpochReport, Progress, StepReport

NAME = "training_speed"
COMMAND = "python benchmarks/training_speed.py --cifar CIFAR"
STEPS = 12
MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)


class Clock(Progress):
    """When each step and each epoch ended, in seconds since this was made."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.steps: list[float] = []
        self.epochs: list[float] = []

    def step(self, report: StepReport) -> None:
        self.steps.append(time.perf_counter() - self.start)

    def epoch(self, report: EpochReport) -> None:
        self.epochs.append(time.perf_counter() - self.start)


def reference_step(network: nn.Module, batch: int, size: int) -> Callable[[], None]:
    """One step of a bare loop: fp32, contiguous, one prepared batch."""
    images, targets = torch.randn(batch, 3, size, size), torch.randint(10, (batch,))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    network.train()

    def step() -> None:
        loss = F.cross_entropy(network(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def atalho_steps(data: Path, name: str, batch: int, size: int) -> float:
    """Median seconds of a step in Atalho's loop; the first two, which allocate, do not count."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        atalho.train(
            data,
            model=name,
            epochs=1,
            batch_size=batch,
            settings={"data.size": size, "data.val_fraction": 0},
            out=Path(folder) / "run",
            progress=clock,
        )
    times = [later - earlier for earlier, later in zip(clock.steps[1:], clock.steps[2:], strict=False)]
    return statistics.median(times)


def colour_images(folder: Path, batch: int) -> Path:
    """`STEPS` batches of colour images made of the sample that ships, without splits."""
    source = samples.unpack("fashion", folder / "sample")
    data = folder / f"colour{batch}"
    files = sorted(source.glob("train/*/*.png"))[:: 6000 // (STEPS * batch)][: STEPS * batch]
    for path in files:
        target = data / "train" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            Image.merge("RGB", [picture, picture.rotate(90), picture.rotate(180)]).save(target)
    return data


def measure_steps(name: str, reference: nn.Module, batch: int, size: int, rounds: int, kept: list[dict]) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        data = colour_images(Path(folder), batch)
        step = reference_step(reference, batch, size)
        for _warm_up in range(2):
            step()
        while len(kept) < rounds:
            times = []
            for _step in range(STEPS):
                start = time.perf_counter()
                step()
                times.append(time.perf_counter() - start)
            peer, own = statistics.median(times), atalho_steps(data, name, batch, size)
            kept.append({"reference_s": round(peer, 5), "atalho_s": round(own, 5), "ratio": round(peer / own, 3)})
            print(f"{name} at {size} px: {kept[-1]}", flush=True)
    return kept


def reference_epoch(data: Path) -> float:
    """Seconds of one epoch the usual way: ImageFolder, two workers, crop, flip, normalise, resnet20 in fp32."""
    usual = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    start = time.perf_counter()
    folder = torchvision.datasets.ImageFolder(str(data / "train"), usual)
    loader = DataLoader(folder, batch_size=128, shuffle=True, num_workers=2)
    network = networks.create("resnet20").train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    for images, targets in loader:
        loss = F.cross_entropy(network(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
    return time.perf_counter() - start


def measure_epochs(data: Path, rounds: int, kept: list[dict]) -> list[dict]:
    while len(kept) < rounds:
        peer = reference_epoch(data)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["ATALHO_CACHE"] = str(Path(folder) / "cache")
            clock = Clock()
            atalho.train(data, model="resnet20", epochs=2, out=Path(folder) / "run", progress=clock)
            del os.environ["ATALHO_CACHE"]
        first, second = clock.epochs[0], clock.epochs[1] - clock.epochs[0]
        kept.append(
            {
                "reference_s": round(peer, 2),
                "first_epoch_s": round(first, 2),
                "second_epoch_s": round(second, 2),
                "ratio_first": round(peer / first, 3),
                "ratio_second": round(peer / second, 3),
            }
        )
        print(f"epochs: {kept[-1]}", flush=True)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epoch-rounds", type=int, default=2)
    given = parser.parse_args()
    kept = RESULTS / f"{NAME}.json"
    rounds = json.loads(kept.read_text())["rounds"] if kept.is_file() else {}

    def keep() -> None:
        medians = {
            name: {key: statistics.median(row[key] for row in rows) for key in rows[0] if key.startswith("ratio")}
            for name, rows in rounds.items()
            if rows
        }
        write(NAME, {"medians": medians, "rounds": rounds, "provenance": origin(COMMAND)})

    for label, name, batch, size in (("resnet20 at 32", "resnet20", 128, 32), ("resnet18 at 128", "resnet18", 32, 128)):
        small = size <= 64
        reference = networks.create(name) if small else torchvision.models.resnet18(num_classes=10)
        rounds[label] = measure_steps(name, reference, batch, size, given.rounds, rounds.get(label, []))
        keep()
    if given.cifar:
        label = "epoch of resnet20 from JPEGs"
        for done in range(len(rounds.get(label, [])), given.epoch_rounds):
            rounds[label] = measure_epochs(given.cifar, done + 1, rounds.get(label, []))
            keep()
    print(json.dumps(json.loads(kept.read_text())["medians"], indent=1))


if __name__ == "__main__":
    main()
