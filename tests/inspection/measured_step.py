"""Peak memory in bytes of two training steps in fp32, above what the process had before the network was made.

python tests/inspection/measured_step.py NETWORK SIDE IMAGES plain|saving exact|command-line
"""

import re
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from atalho.cli import prepare_process
from atalho.networks import create
from atalho.networks.checkpointing import RecomputingNetwork


def _status(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


def main(name: str, side: int, images: int, memory: str, allocator: str) -> int:
    if allocator == "command-line":
        prepare_process()
    torch.set_num_threads(1)
    before = _status("VmRSS")
    network = create(name, image_size=side).to(memory_format=torch.channels_last)
    run = RecomputingNetwork(network) if memory == "saving" else network
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, fused=True)
    pixels = torch.randn(images, 3, side, side).to(memory_format=torch.channels_last)
    for _step in range(2):
        optimizer.zero_grad()
        F.cross_entropy(run(pixels), torch.zeros(images, dtype=torch.long)).backward()
        optimizer.step()
    return _status("VmHWM") - before


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
