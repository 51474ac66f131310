"""Does a grown network give the outputs of the one that it comes from? Every residual and dense one of the catalogue.

    python benchmarks/growth.py [--names 'resnet*']

Each gets one block more in every stage (a layer in every dense block), silent ones and copies. Its batch norms have
random scales, shifts and statistics, as after some training. Compared are the logits for real images, in evaluation
and in training mode; the worst of both is in results/growth.json, relative to the largest output.
"""

import argparse
import copy

import torch
from record import origin, write
from torch import Tensor, nn

from atalho import networks
from atalho.lab.identity import samples
from atalho.networks.network import Network
from atalho.runs.network_source import NetworkSource
from atalho.surgery.grow import KEEPING, grow

NAME = "growth"
IMAGES = 2
BOUND = 1e-5


def settled(network: Network) -> Network:
    """With batch norms as after some training."""
    torch.manual_seed(1)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                for name in ("weight", "running_var"):
                    getattr(part, name).uniform_(0.8, 1.2)
                for name in ("bias", "running_mean"):
                    getattr(part, name).uniform_(-0.2, 0.2)
    return network


def outputs(network: Network, x: Tensor, *, training: bool) -> Tensor:
    """Of a copy, as a pass in training mode changes the running statistics."""
    with torch.no_grad():
        return copy.deepcopy(network).train(training)(x)


def measure(name: str) -> dict[str, float | int]:
    torch.manual_seed(0)
    network = settled(networks.create(name))
    spec = network.spec
    x = samples.real(NetworkSource(name, spec, spec.plan().usual_side), None, IMAGES, 0)
    found: dict[str, float | int] = {"depth": spec.plan().depth}
    for kind in KEEPING:
        larger = grow(network, blocks=[count + 1 for count in spec.blocks], kind=kind)
        found["grown_depth"] = larger.spec.plan().depth
        for mode in ("eval", "train"):
            old, new = (outputs(each, x, training=mode == "train") for each in (network, larger))
            found[f"{kind}, {mode}"] = float((new - old).abs().max() / old.abs().max())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", default="*")
    given = parser.parse_args()
    table = {}
    for name in networks.list_models(given.names):
        if name.startswith("plain"):
            continue
        table[name] = measure(name)
        worst = max(value for key, value in table[name].items() if "," in key)
        assert worst <= (BOUND if name.startswith("densenet") else 0), (name, table[name])
        print(name, table[name], flush=True)
    print(write(NAME, origin("python benchmarks/growth.py") | {"images": IMAGES, "relative_differences": table}))


if __name__ == "__main__":
    main()
