"""Averaged weights: an exponential average of the network along its path, which is what is evaluated and shipped."""

import copy

import torch
from torch import Tensor, nn

from atalho.networks.network import Network


class AveragedWeights:
    """A second copy of `network` that follows it at `decay` per step (Polyak and Juditsky 1992; Tan and Le 2019).

    The decay of step n is min(decay, (1 + n) / (10 + n)): a closed form, so that a resume needs only the step.
    Norm statistics are averaged too. With decay 0 there is no copy and `network` is the network itself.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.decay = decay
        self.source = network
        self.network = copy.deepcopy(network).eval().requires_grad_(False) if decay else network

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the network as it is after `step` (from 0)."""
        if not self.decay:
            return
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        averaged, current = _floating(self.network), _floating(self.source)
        torch._foreach_lerp_(averaged, current, weight)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold of the average: nothing where there is none."""
        return dict(self.network.state_dict()) if self.decay else {}


def _floating(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
