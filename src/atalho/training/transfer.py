"""How a network learns that starts from trained weights: what holds still, what moves slowly, which norms stay.

All of it is a function of the step, so that a resume needs nothing more.
"""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from atalho.config import TrainingConfig
from atalho.networks.network import Network


def rates(network: Network, config: TrainingConfig) -> dict[int, float]:
    """The share of the learning rate by the `id` of each parameter; the head has all of it.

    The last stage learns at `training.backbone_lr` of the head's rate, and every stage before it at
    `training.stage_lr` of the rate of the one after it; the stem comes before the first stage.
    """
    parts: list[nn.Module] = [network.stem, *network.stages, network.closing]
    depths = [*range(len(parts) - 1, 0, -1), 1]  # what closes the last stage learns as it does
    shares = {id(parameter): 1.0 for parameter in network.head.parameters()}
    for part, depth in zip(parts, depths, strict=True):
        share = config.backbone_lr * config.stage_lr ** (depth - 1)
        shares.update((id(parameter), share) for parameter in part.parameters())
    return shares


def hold_backbone(network: Network, held: bool) -> None:
    """Let the head alone learn while `held`: the backbone then has no gradients, and no backward pass.

    The optimizer leaves parameters without a gradient alone, their momentum and decay too.
    """
    head = {id(parameter) for parameter in network.head.parameters()}
    for parameter in network.parameters():
        if id(parameter) not in head:
            parameter.requires_grad_(not held)
            if held:
                parameter.grad = None


def set_training(network: nn.Module, config: TrainingConfig) -> None:
    """Training mode; the norms of `training.norms = "kept"` go on normalising by the statistics that they have."""
    network.train()
    if config.norms == "kept":
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
