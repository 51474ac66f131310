"""Loops that train on a GPU, to be compared with each other: Atalho's and those that people write. Prints JSON.

python benchmarks/gpu_loops.py own|bare|compiled|loader NETWORK SIDE DATA BATCH,BATCH… DEVICE SECONDS [plain]

own       `atalho train` with what it ships with; `plain`: without deterministic algorithms
bare      eager PyTorch over pixels that lie on the GPU: bf16 autocast, channels_last, a random flip, SGD with momentum
compiled  the same with torch.compile
loader    ImageFolder and DataLoader with a worker for each core but two, the usual transforms, the network as in bare

DATA is a folder for own and loader; the other two make their pixels up. Each prints, for every batch, images per second
of steps after the first ones, which allocate, and the most memory that tensors took.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho import networks
from atalho.cli import prepare_process
from atalho.errors import StoppedError
from atalho.training.progress import EpochReport, Progress, StepReport

Measured = dict[str, Any]
CLASSES, WARM = 10, 8
MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)


class Clock(Progress):
    """When each step of each epoch was read, in seconds; asks for a stop after enough of them."""

    def __init__(self, seconds: float) -> None:
        self.epochs: list[list[float]] = [[]]
        self.notes: list[str] = []
        self._seconds = seconds

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, report: StepReport) -> None:
        self.epochs[-1].append(time.perf_counter())

    def epoch(self, report: EpochReport) -> None:
        self.epochs.append([])
        # The first epoch allocates, chooses algorithms and records.
        if len(self.epochs) > 2 and time.perf_counter() - self.epochs[1][0] > self._seconds:
            signal.raise_signal(signal.SIGTERM)

    def steps_per_second(self) -> float:
        """Over the steps of the epochs but the first, without what lies between epochs."""
        whole = [ends for ends in self.epochs[1:] if len(ends) > 1]
        # The first steps of an epoch are read together, when some more have begun.
        skip = WARM if min(map(len, whole)) > 2 * WARM else 0
        return sum(len(ends) - 1 - skip for ends in whole) / sum(ends[-1] - ends[skip] for ends in whole)


def own(name: str, side: int, data: str, batch: int, device: str, seconds: float, plain: bool) -> Measured:
    """`atalho train`, with a stop-watch on its steps."""
    from atalho.api.train import train

    clock = Clock(seconds)
    settings = {
        "data.size": side,
        "data.val_fraction": 0,
        "training.device": device,
        "training.deterministic": not plain,
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            out = Path(folder) / "run"
            train(data, model=name, epochs=1000, batch_size=batch, settings=settings, out=out, progress=clock)
        except StoppedError:
            pass
    notes = [note for note in clock.notes if "bytes" in note or "not recorded" in note or "computing" in note]
    return {"images_s": batch * clock.steps_per_second(), "notes": notes}


def network_of(name: str, side: int, device: str) -> nn.Module:
    """The network that Atalho trains, in the layout that both loops use."""
    made = networks.create(name, classes=CLASSES, stem="small" if side <= 64 else "large")
    return made.train().to(device, memory_format=torch.channels_last)


def timed(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], device: str, seconds: float) -> float:
    """Steps per second after the first ones, until `seconds` are over."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
    start = done = 0.0
    for number, (images, targets) in enumerate(batches):
        if number == WARM:
            wait(device)
            start = time.perf_counter()
        if number > WARM and time.perf_counter() - start > seconds:
            break
        with torch.autocast(device, torch.bfloat16):
            loss = F.cross_entropy(network(images).float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        done = number + 1 - WARM
    wait(device)
    return done / (time.perf_counter() - start)


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def batches_on(device: str, side: int, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pixels that lie on the device: chosen there, flipped, normalised."""
    held = torch.randint(256, (max(2 * batch, 1024), side, side, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (len(held),), device=device)
    mean, std = (torch.tensor(values, device=device) for values in (MEAN, STD))
    while True:
        chosen = torch.randint(len(held), (batch,), device=device)
        images = ((held[chosen].float() / 255 - mean) / std).permute(0, 3, 1, 2)
        flips = torch.rand(batch, 1, 1, 1, device=device) < 0.5
        yield torch.where(flips, images.flip(3), images), labels[chosen]


def bare(name: str, side: int, batch: int, device: str, seconds: float, compiled: bool) -> Measured:
    network = network_of(name, side, device)
    start = time.perf_counter()
    trained = torch.compile(network, dynamic=False) if compiled else network
    found = batch * timed(trained, batches_on(device, side, batch), device, seconds)
    return {"images_s": found, "seconds_in_all": time.perf_counter() - start}


def loader(name: str, side: int, data: str, batch: int, device: str, seconds: float) -> Measured:
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    crop = transforms.RandomCrop(side, padding=4) if side <= 64 else transforms.RandomResizedCrop(side, (0.25, 1))
    usual = [crop, transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    images = datasets.ImageFolder(str(Path(data) / "train"), transforms.Compose(usual))
    workers = max(1, (os.cpu_count() or 3) - 2)
    read = DataLoader(
        images, batch, shuffle=True, num_workers=workers, pin_memory=device == "cuda", drop_last=True,
        persistent_workers=True,
    )  # fmt: skip

    def there() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            for pixels, labels in read:
                moved = pixels.to(device, non_blocking=True, memory_format=torch.channels_last)
                yield moved, labels.to(device, non_blocking=True)

    network = network_of(name, side, device)
    return {"images_s": batch * timed(network, there(), device, seconds), "workers": workers}


def main(
    kind: str, name: str, side: int, data: str, batches: list[int], device: str, seconds: float, plain: bool
) -> None:
    prepare_process()
    found: dict[int, Measured] = {}
    for batch in batches:
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        if kind == "own":
            measured = own(name, side, data, batch, device, seconds, plain)
        elif kind == "loader":
            measured = loader(name, side, data, batch, device, seconds)
        else:
            measured = bare(name, side, batch, device, seconds, kind == "compiled")
        if device == "cuda":
            measured["peak_mb"] = torch.cuda.max_memory_allocated() / 2**20
        found[batch] = measured
    print(json.dumps(found))


if __name__ == "__main__":
    kind, name, side, data, batches, device, seconds, *rest = sys.argv[1:]
    main(kind, name, int(side), data, [*map(int, batches.split(","))], device, float(seconds), bool(rest))
