"""Averaged weights: an exponential average of the network along its path, which is what is evaluated and shipped."""

import copy

import torch
from torch import Tensor, nn

from atalho.networks.network import Network


class AveragedWeights:
    """A second copy of `network` that follows it, looking back over about `horizon` steps (Polyak and Juditsky 1992).

    Step n moves it by max(1 / horizon, 9 / (10 + n)) towards the network: a closed form, so that a resume needs only
    the step. Norm statistics are averaged too. Without a horizon of more than one step there is no copy, and
    `network` is the network itself.
    """

    def __init__(self, network: Network, horizon: float) -> None:
        self.horizon = horizon
        self.source = network
        self.separate = horizon > 1
        self.network = copy.deepcopy(network).eval().requires_grad_(False) if self.separate else network
        # Loading a state changes these tensors' values, never which tensors they are.
        self._averaged, self._current = _floating(self.network), _floating(network)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the network as it is after `step` (from 0)."""
        if not self.separate:
            return
        weight = max(1 / self.horizon, 9 / (10 + step))
        torch._foreach_lerp_(self._averaged, self._current, weight)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold of the average: nothing where averaging is off."""
        return dict(self.network.state_dict()) if self.separate else {}


def _floating(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
