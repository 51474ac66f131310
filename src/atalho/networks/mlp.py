"""The residual MLP's modules, one for each plan."""

from torch import nn

from atalho.blocks.linear import LinearBlock
from atalho.networks.plan import LinearPlan


def linear_block(plan: LinearPlan) -> nn.Module:
    """The block of a plan; it decides its own shortcut."""
    return LinearBlock(plan.in_channels, plan.out_channels, plan.shortcut)
