"""Training steps of one network in this process: the memory that they took, and the time of one, as a JSON object.

python benchmarks/memory_step.py WHO NETWORK SIDE BATCH bf16|fp32 STEPS [command-line|own]

WHO: "atalho" or "atalho-saving"; "torchvision" or "torchvision-efficient" (its memory_efficient=True). Memory is the
most that was resident above what was before the first step, with network, optimizer and batch in place. `cpu_s` is
the processor time of a step, which other work on the machine disturbs less than `wall_s`; both are medians without the
first step. The last word is how memory is asked for, whoever is measured: as Atalho's command line does, or as
Python and PyTorch come.
"""

import json
import re
import statistics
import sys
import time
from pathlib import Path

from atalho.cli import prepare_process


def resident(name: str) -> int:
    """VmRSS or, with the most there was, VmHWM of this process in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise SystemExit(f"/proc/self/status has no {name}")
    return 1024 * int(found[1])


def main(who: str, name: str, side: int, batch: int, precision: str, steps: int, allocator: str) -> dict[str, float]:
    if allocator == "command-line":
        prepare_process()
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    if who.startswith("torchvision"):
        import torchvision

        network = torchvision.models.get_model(name, memory_efficient=who.endswith("efficient"))
        run = network
    else:
        from atalho.networks import create
        from atalho.networks.checkpointing import RecomputingNetwork
        from atalho.networks.select import by_depth

        # Any depth, also those without a name in the catalogue.
        small = name.startswith("resnet") and side <= 64
        network = create(by_depth("resnet", int(name.removeprefix("resnet")), side) if small else name, image_size=side)
        run = RecomputingNetwork(network) if who.endswith("saving") else network
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, fused=True)
    images = torch.randn(batch, 3, side, side).to(memory_format=torch.channels_last)
    labels = torch.zeros(batch, dtype=torch.long)
    before, walls, cpus = resident("VmRSS"), [], []
    for _step in range(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = run(images)
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "memory_mb": round((resident("VmHWM") - before) / 2**20, 1),
        "wall_s": round(statistics.median(walls[1:]), 4),
        "cpu_s": round(statistics.median(cpus[1:]), 4),
    }


if __name__ == "__main__":
    who, name, side, batch, precision, steps, allocator = [*sys.argv[1:], "command-line"][:7]
    print(json.dumps(main(who, name, int(side), int(batch), precision, int(steps), allocator)))
