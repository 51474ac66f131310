"""Use Atalho's residual block in a network and a training loop of your own.

    python examples/block_in_your_network.py [STEPS]

A block decides its own shortcut: the identity where input and output have the same shape, a projection where they do
not. Trains for 100 steps on the sample of Fashion-MNIST that ships with Atalho: a few seconds on two CPU cores.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy

from atalho.blocks import BasicBlock, SmallStem
from atalho.data import samples


def main(steps: str = "100") -> None:
    torch.manual_seed(0)
    images, labels, classes = read(samples.unpack("fashion", Path("fashion")) / "train")
    network = nn.Sequential(
        SmallStem(1, 16),
        BasicBlock(16, 16),  # its shortcut is the identity
        BasicBlock(16, 32, stride=2),  # its shortcut is a projection
        BasicBlock(32, 32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, len(classes)),
    )
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    for step in range(1, int(steps) + 1):
        batch = torch.randint(len(images), (64,))
        loss = cross_entropy(network(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0 or step == int(steps):
            print(f"step {step}: loss {loss.item():.3f}")

    # A silenced block is its shortcut alone: here, the identity after the ReLU.
    network[3].silence()
    network.eval()
    features = network[:3](images[:8])
    assert torch.equal(network[3](features), features)
    print("the silenced block is the identity")


def read(folder: Path) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Every image (N,1,28,28) from 0 to 1, its label, and the names of the classes."""
    classes = sorted(path.name for path in folder.iterdir())
    files = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).glob("*.png"))]
    pixels = np.stack([np.asarray(Image.open(path).convert("L")) for path, _ in files])
    images = torch.from_numpy(pixels).unsqueeze(1).float() / 255
    return images, torch.tensor([label for _, label in files]), classes


if __name__ == "__main__":
    main(*sys.argv[1:])
