"""The usual way to train, as torchvision's references do it: fp32, contiguous, SGD with momentum. Prints one number.

python benchmarks/peer_loop.py steps NETWORK BATCH SIDE STEPS    images per second over one prepared batch
python benchmarks/peer_loop.py epoch FOLDER                      seconds of one epoch of resnet20 from JPEGs
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


def train(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> list[float]:
    """When each step ended, in seconds."""
    optimizer = torch.optim.SGD(network.train().parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    ends = []
    for images, targets in batches:
        loss = F.cross_entropy(network(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        ends.append(time.perf_counter())
    return ends


def steps(name: str, batch: int, side: int, count: int) -> float:
    small = side <= 64
    network = networks.create(name, classes=10) if small else torchvision.models.get_model(name, num_classes=10)
    prepared = (torch.randn(batch, 3, side, side), torch.randint(10, (batch,)))
    ends = train(network, [prepared] * count)
    # The first two steps, which allocate, do not count.
    return batch * (count - 2) / (ends[-1] - ends[1])


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
        print(steps(sys.argv[2], *map(int, sys.argv[3:6])))
    else:
        print(epoch(Path(sys.argv[2])))
