"""Largest relative difference of outputs between Atalho and torchvision (and timm), with the same weights.

Every ResNet and DenseNet that both have: random weights, random norm statistics, fp32, eval and train mode, several
sizes and batch sizes. Run: python benchmarks/parity.py [names …]; writes results/parity.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

import timm
import torch
import torchvision
from record import origin, write
from torch import nn

from atalho import networks

TORCHVISION = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
)
TIMM = ("resnet50", "densenet121")
SIZES = ((1, 64), (2, 96), (3, 224))  # images, pixels


def peers() -> Iterator[tuple[str, str, nn.Module]]:
    """Peer, name and network, one at a time."""
    for name in TORCHVISION:
        yield "torchvision", name, torchvision.models.get_model(name, weights=None)
    for name in TIMM:
        yield "timm", name, timm.create_model(name, pretrained=False)


@torch.no_grad()
def randomise(network: nn.Module, seed: int) -> None:
    """Random scales, shifts and statistics of norms, as after training; a norm at its start hides mistakes."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1.5, generator=generator)
            module.bias.uniform_(-0.5, 0.5, generator=generator)
            module.running_mean.normal_(0, 0.5, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)


@torch.no_grad()
def differences(own: nn.Module, peer: nn.Module) -> dict[str, float]:
    """Mode → the largest difference of the outputs, relative to the peer's largest output, over all sizes."""
    worst = {}
    for mode in ("eval", "train"):
        found = []
        for seed, (images, side) in enumerate(SIZES):
            x = torch.randn(images, 3, side, side, generator=torch.Generator().manual_seed(seed))
            # One image of 64 pixels leaves a single number per channel, of which there are no statistics.
            if mode == "train" and images == 1:
                x = x.repeat(2, 1, 1, 1) + torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
            ours, theirs = own.train(mode == "train")(x), peer.train(mode == "train")(x)
            found.append(((ours - theirs).abs().max() / theirs.abs().max()).item())
        worst[mode] = max(found)
    return worst


def compare(peer_name: str, name: str, peer: nn.Module) -> dict[str, Any]:
    """One row of the table: parameters of both, differences, and whether an exported state dictionary is the same."""
    randomise(peer, seed=len(name))
    own = networks.create(name)
    networks.import_weights(own, peer.state_dict())
    exported = networks.export_weights(own)
    given = peer.state_dict()
    same = exported.keys() == given.keys() and all(torch.equal(exported[key], given[key]) for key in given)
    return {
        "peer": peer_name,
        "name": name,
        "parameters": sum(p.numel() for p in own.parameters()),
        "peer_parameters": sum(p.numel() for p in peer.parameters()),
        "largest_relative_difference": differences(own, peer),
        "round_trip_exact": same,
    }


def main() -> None:
    """Compare all, or the networks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="networks; all if not given")
    asked = parser.parse_args()
    rows = []
    for peer_name, name, peer in peers():
        if asked.names and name not in asked.names:
            continue
        rows.append(compare(peer_name, name, peer))
        print(json.dumps(rows[-1]), flush=True)
    about = origin("python benchmarks/parity.py") | {"precision": "fp32", "images_and_pixels": SIZES}
    about["versions"] |= {"torchvision": torchvision.__version__, "timm": timm.__version__}
    write("parity", {"provenance": about, "rows": rows})


if __name__ == "__main__":
    main()
