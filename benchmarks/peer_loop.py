"""The loops that people write, with SGD and momentum. Prints numbers.

python benchmarks/peer_loop.py steps WAY DTYPE NETWORK BATCH SIDE STEPS
    images per second over one prepared batch, and the seconds until the steps that count
python benchmarks/peer_loop.py epoch FOLDER
    seconds of one epoch of resnet20 from JPEGs, in the plain way

WAY is plain, as torchvision's references train; tuned, which is channels_last with a fused optimizer; or compiled,
which is tuned and compiled by torch.compile. DTYPE, of the products, is fp32 or bf16 (by autocast).
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

from atalho import networks

MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)


def train(
    network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], *, fused: bool = False, bf16: bool = False
) -> list[float]:
    """When each step ended, in seconds."""
    optimizer = torch.optim.SGD(
        network.train().parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, fused=fused or None
    )
    ends = []
    for images, targets in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        ends.append(time.perf_counter())
    return ends


def steps(way: str, dtype: str, name: str, batch: int, side: int, count: int) -> tuple[float, float]:
    small, plain = side <= 64, way == "plain"
    network = networks.create(name, classes=10) if small else torchvision.models.get_model(name, num_classes=10)
    images, targets = torch.randn(batch, 3, side, side), torch.randint(10, (batch,))
    if not plain:
        network = network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    if way == "compiled":
        network.compile()
    start = time.perf_counter()
    ends = train(network, [(images, targets)] * count, fused=not plain, bf16=dtype == "bf16")
    # The first two steps, which allocate and compile, do not count.
    return batch * (count - 2) / (ends[-1] - ends[1]), ends[1] - start


def epoch(folder: Path) -> float:
    usual = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    network = networks.create("resnet20")
    start = time.perf_counter()
    images = torchvision.datasets.ImageFolder(str(folder / "train"), usual)
    return train(network, DataLoader(images, batch_size=128, shuffle=True, num_workers=2))[-1] - start


if __name__ == "__main__":
    if sys.argv[1] == "steps":
        print(*steps(*sys.argv[2:5], *map(int, sys.argv[5:8])))
    else:
        print(epoch(Path(sys.argv[2])))
