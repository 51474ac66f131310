"""The ResNet family's modules, one for each plan."""

from torch import nn

from atalho.blocks.preactivation import PreactivationBasicBlock, PreactivationBottleneckBlock
from atalho.blocks.residual import BasicBlock, BottleneckBlock
from atalho.networks.plan import ResidualPlan


def residual_block(plan: ResidualPlan) -> nn.Module:
    """The block of a plan; it decides its own shortcut."""
    channels = plan.in_channels, plan.out_channels
    narrow_channels = plan.in_channels, plan.middle_channels, plan.out_channels
    match plan.design:
        case "basic":
            return BasicBlock(*channels, plan.stride, plan.shortcut)
        case "preactivation-basic":
            return PreactivationBasicBlock(*channels, plan.stride, plan.shortcut)
        case "bottleneck":
            return BottleneckBlock(*narrow_channels, plan.stride, plan.shortcut)
        case "preactivation-bottleneck":
            return PreactivationBottleneckBlock(*narrow_channels, plan.stride, plan.shortcut)
