"""SGD with the parameters grouped by what they are, and its state by their names.

Weight decay is chosen by the type of the module that owns a parameter, never by its name: the norm on a shortcut is
a norm like any other. State is kept by name because a grown network has the same names in another order.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from atalho.config import TrainingConfig
from atalho.networks.network import Network


def build(network: Network, config: TrainingConfig) -> torch.optim.SGD:
    """SGD for `network`; each group carries `scale`, its share of the learning rate."""
    head = {id(parameter) for parameter in network.head.parameters()}
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for parameter, is_weight, is_shift in _parameters(network):
        decay = config.weight_decay if is_weight or config.decay_all else 0.0
        scale = 1.0 if id(parameter) in head else config.backbone_lr
        scale *= config.shift_lr if is_shift else 1.0
        groups.setdefault((decay, scale), []).append(parameter)
    return torch.optim.SGD(
        [{"params": group, "weight_decay": decay, "scale": scale} for (decay, scale), group in groups.items()],
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov and config.momentum > 0,
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def state(optimizer: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """The momentum of each parameter under the parameter's name; nothing for those that have none yet."""
    return {
        name: optimizer.state[parameter]["momentum_buffer"]
        for name, parameter in network.named_parameters()
        if optimizer.state.get(parameter, {}).get("momentum_buffer") is not None
    }


def load_state(optimizer: torch.optim.Optimizer, network: nn.Module, momentum: Mapping[str, Tensor]) -> None:
    """Give back what `state` returned."""
    for name, parameter in network.named_parameters():
        if name in momentum:
            buffer = torch.empty_like(parameter, memory_format=torch.preserve_format)
            buffer.copy_(momentum[name])
            optimizer.state[parameter]["momentum_buffer"] = buffer


def _parameters(network: nn.Module) -> Iterator[tuple[Tensor, bool, bool]]:
    """Every parameter, whether it is the weight of a layer, and whether it is the shift of a norm."""
    for module in network.modules():
        norm = isinstance(module, _BatchNorm)
        for name, parameter in module.named_parameters(recurse=False):
            yield parameter, not norm and name == "weight", norm and name == "bias"
