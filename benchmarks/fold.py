"""How much faster does a network predict once its batch norms are folded into its convolutions?

    python benchmarks/fold.py [--rounds 7]

Images per second of the folded network over those of the network itself, in fp32 and channels last, as Atalho predicts
on a CPU; both in turns, after a pass that prepares each. The median ratio and the extremes are in results/fold.json,
with the largest difference of an output, relative to the largest output.
"""

import argparse
import statistics
import time

import torch
from record import origin, write

from atalho import networks
from atalho.networks.network import Network
from atalho.surgery.fold import fold

NAME = "fold"
CASES = (("resnet20", 32, 64), ("resnet18", 128, 16), ("preact18", 128, 16), ("densenet121", 128, 16))


def seconds(network: Network, images: torch.Tensor) -> float:
    begun = time.perf_counter()
    network(images)
    return time.perf_counter() - begun


@torch.inference_mode()
def measure(name: str, side: int, batch: int, rounds: int) -> dict[str, float]:
    torch.manual_seed(0)
    network = networks.create(name, classes=10, image_size=side).eval().to(memory_format=torch.channels_last)
    folded = fold(network)
    images = torch.rand(batch, 3, side, side).to(memory_format=torch.channels_last)
    expected = network(images)
    difference = float((folded(images) - expected).abs().max() / expected.abs().max())
    ratios = sorted(seconds(network, images) / seconds(folded, images) for _ in range(rounds))
    return {"median": statistics.median(ratios), "lowest": ratios[0], "highest": ratios[-1], "difference": difference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    found = {}
    for name, side, batch in CASES:
        found[f"{name}, {side} pixels"] = measure(name, side, batch, given.rounds)
        print(name, found[f"{name}, {side} pixels"], flush=True)
    print(write(NAME, origin(f"python benchmarks/fold.py --rounds {given.rounds}") | {"ratios": found}))


if __name__ == "__main__":
    main()
