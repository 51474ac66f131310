"""The DenseNet family's modules, one for each plan."""

from torch import nn

from atalho.blocks.dense import DenseBlock
from atalho.blocks.transition import Transition
from atalho.networks.plan import DensePlan, TransitionPlan


def dense_block(plan: DensePlan) -> nn.Module:
    """Layers that each add growth_rate channels."""
    return DenseBlock(plan.in_channels, plan.layers, plan.growth_rate, plan.bottleneck)


def transition(plan: TransitionPlan) -> nn.Module:
    """Fewer channels and half the size."""
    return Transition(plan.in_channels, plan.out_channels)
