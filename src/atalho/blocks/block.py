"""What every residual block offers, whatever its layers: the contract that surgery and inspection rely on."""

import torch
from torch import nn


class Block(nn.Module):
    """A residual branch F and a shortcut, both always modules, that forward adds.

    Nothing is changed in place, so a hook on any part sees what flowed there.
    """

    in_channels: int
    out_channels: int
    stride: int
    residual: nn.Sequential
    """F. Its last layer is the norm in a post-activation block, the convolution in a pre-activation block."""
    shortcut: nn.Module

    def silence(self) -> None:
        """Make F(x) exactly zero for every x, in train and in eval mode, by zeroing its last layer.

        The block is then its shortcut alone: the identity where the shape does not change, and, in a
        post-activation block, where its input is not negative (as it is after a ReLU).
        """
        zero(self.residual[-1])


@torch.no_grad()
def zero(layer: nn.Module) -> None:
    """Make a norm's or a convolution's output exactly zero, whatever comes in."""
    for parameter in layer.parameters():
        parameter.zero_()
