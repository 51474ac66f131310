"""How weights begin. Every layer draws from its own numbers, found by a seed and the layer's name.

A plain network and its residual twin therefore begin with the same residual branches, whatever else they hold.
"""

import hashlib
import math
from typing import Literal

import torch
from torch import nn

from atalho.blocks.block import Block
from atalho.blocks.embedding_head import GeneralizedMean
from atalho.blocks.shortcut import NoShortcut
from atalho.networks.network import Network

Fan = Literal["out", "in"]


@torch.no_grad()
def initialise(network: Network, *, zero_residual: bool = False, fan: Fan = "out", seed: int | None = None) -> None:
    """Give every layer new weights. Without a seed, one is drawn from torch's generator (`torch.manual_seed`).

    - convolutions and hidden linear layers: normal, mean 0, variance 2 / fan (He et al. 2015, "Delving deep");
      fan "out" as the ResNet authors' code and torchvision's ResNet, "in" as the paper's text and DenseNet;
    - norms: scale 1, shift 0, statistics 0 and 1;
    - classifier: uniform within ±1/√D, shift 0;
    - `zero_residual`: each residual branch then starts at zero (Goyal et al. 2017, section 5.1). Blocks without a
      shortcut keep theirs, for a network of zeros cannot learn.
    """
    base = draw_seed() if seed is None else seed
    for name, module in network.named_modules():
        generator = torch.Generator().manual_seed(_seed_of(base, name))
        if module is network.head.classifier:
            bound = 1 / math.sqrt(network.head.classifier.in_features)
            # Drawn on the CPU and copied, so that the numbers are the same on every device.
            module.weight.copy_(
                torch.empty(module.weight.shape, device="cpu").uniform_(-bound, bound, generator=generator)
            )
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, GeneralizedMean):
            module.power.fill_(GeneralizedMean.FIRST)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            deviation = math.sqrt(2 / _fan(module.weight, fan))
            module.weight.copy_(
                torch.empty(module.weight.shape, device="cpu").normal_(0, deviation, generator=generator)
            )
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()
    if zero_residual:
        for _name, block in network.blocks():
            if isinstance(block, Block) and not isinstance(block.shortcut, NoShortcut):
                block.silence()


def draw_seed() -> int:
    """A seed from torch's global generator."""
    return int(torch.randint(2**62, (), device="cpu").item())


def _fan(weight: torch.Tensor, fan: Fan) -> int:
    outputs, inputs = weight.shape[:2]
    return weight[0, 0].numel() * (outputs if fan == "out" else inputs)


def _seed_of(base: int, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{base}\0{name}".encode(), digest_size=7).digest(), "little")
