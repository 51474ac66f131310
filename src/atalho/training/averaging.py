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

    def weight(self, step: int) -> float:
        """How far `step` (from 0) moves them; 0 without a horizon."""
        return max(1 / self.horizon, 9 / (10 + step)) if self.separate else 0.0

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the network as it is after `step` (from 0)."""
        if self.separate:
            torch._foreach_lerp_(self._averaged, self._current, self.weight(step))

    @torch.no_grad()
    def follow(self, weight: Tensor, finite: Tensor) -> None:
        """`update` by a `weight` that lies on the device, where `finite` is true there; nothing waits for either.

        A step of gradient descent on half the squared distance to the network is just that, and it can be skipped by
        the same means as the optimizer's.
        """
        if self.separate:
            distances = torch._foreach_sub(self._averaged, self._current)
            torch._fused_sgd_(
                self._averaged,
                distances,
                [],
                weight_decay=0.0,
                momentum=0.0,
                lr=weight,
                dampening=0.0,
                nesterov=False,
                maximize=False,
                is_first_step=False,
                found_inf=(~finite).float(),
            )

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold of the average: nothing where averaging is off."""
        return dict(self.network.state_dict()) if self.separate else {}


def _floating(network: nn.Module) -> list[Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
