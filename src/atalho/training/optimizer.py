"""SGD, Adam or Muon with the parameters grouped by what they are, and its state by their names.

Weight decay is chosen by the type of the module that owns a parameter, never by its name: the norm on a shortcut is
a norm like any other. State is kept by name because a grown network has the same names in another order.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from atalho.config import TrainingConfig
from atalho.networks.network import Network
from atalho.training.muon import Muon
from atalho.training.transfer import rates

_SLOTS: Final = {"momentum": "momentum_buffer", "exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq", "adam_step": "step"}
"""What the optimizers remember of each parameter: the name in a checkpoint, and torch's name."""


def build_optimizer(network: Network, config: TrainingConfig) -> torch.optim.Optimizer:
    """The optimizer of `network`; each group carries `scale`, its share of the learning rate."""
    shares = rates(network, config)
    # The fused optimizer wants momentum of all parameters of a group or of none: a held backbone has none yet.
    head = {id(parameter) for parameter in network.head.parameters()}
    groups: dict[tuple[float, float, bool, bool], list[Tensor]] = {}
    for parameter, is_weight, is_shift in _parameters(network):
        decay = config.weight_decay if is_weight or config.decay_all else 0.0
        scale = shares[id(parameter)] * (config.shift_lr if is_shift else 1.0)
        in_head = id(parameter) in head
        orthogonal = config.optimizer == "muon" and is_weight and parameter.ndim > 1 and not in_head
        groups.setdefault((decay, scale, bool(config.frozen) and in_head, orthogonal), []).append(parameter)
    rows = [
        {"params": group, "weight_decay": decay, "scale": scale, "orthogonal": orthogonal}
        for (decay, scale, _, orthogonal), group in groups.items()
    ]
    if config.optimizer == "adam":
        return torch.optim.Adam(rows, lr=config.lr, fused=True)
    momentum, nesterov = config.momentum, config.nesterov and config.momentum > 0
    if config.optimizer == "muon":
        return Muon(rows, lr=config.lr, momentum=momentum, nesterov=nesterov)
    return torch.optim.SGD(rows, lr=config.lr, momentum=momentum, nesterov=nesterov, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def step_where_finite(optimizer: torch.optim.Optimizer, finite: Tensor) -> None:
    """Make a step where `finite`, a boolean scalar on the device, is true, and none where it is false.

    The device decides, by the same means as when losses are scaled, so that nothing waits for it here.
    """
    optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]
    optimizer.step()


def optimizer_state(optimizer: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """What is remembered of each parameter, as `slot.name`; parameters without state are left out."""
    return {
        f"{slot}.{name}": optimizer.state[parameter][key]
        for slot, key in _SLOTS.items()
        for name, parameter in network.named_parameters()
        if optimizer.state.get(parameter, {}).get(key) is not None
    }


def load_optimizer_state(optimizer: torch.optim.Optimizer, network: nn.Module, held: Mapping[str, Tensor]) -> None:
    """Restore what `optimizer_state` returned."""
    for slot, key in _SLOTS.items():
        for name, parameter in network.named_parameters():
            if (saved := held.get(f"{slot}.{name}")) is not None:
                like = parameter if saved.shape == parameter.shape else saved.to(parameter.device)
                optimizer.state[parameter][key] = torch.empty_like(like, memory_format=torch.preserve_format)
                optimizer.state[parameter][key].copy_(saved)


def _parameters(network: nn.Module) -> Iterator[tuple[Tensor, bool, bool]]:
    """Every parameter, whether it is the weight of a layer, and whether it is the shift of a norm."""
    for module in network.modules():
        norm = isinstance(module, _BatchNorm)
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            yield parameter, not norm and name == "weight", norm and name == "bias"
