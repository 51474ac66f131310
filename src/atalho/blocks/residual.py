"""The residual block with the activation after the sum (He et al. 2015, figures 2 and 5)."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.block import Block
from atalho.blocks.halving import pooling_after
from atalho.blocks.kinds import HalvingKind, ShortcutKind
from atalho.blocks.shortcut import make_shortcut


class BasicBlock(Block):
    """Two 3x3 convolutions, each with a batch norm, and a ReLU after the sum. The first one carries the stride.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels C' of the output; both convolutions give as many.
        stride: How many times smaller the output is, in height and in width.
        shortcut: How the shortcut fits where channels or size change; see `ShortcutKind`.
        halving: What carries the stride on the residual branch; see `HalvingKind`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        shortcut: ShortcutKind = "projection",
        halving: HalvingKind = "convolution",
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride
        pool = pooling_after(halving, stride)
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, out_channels, 3, 1 if pool else stride, padding=1, bias=False),
                norm1=nn.BatchNorm2d(out_channels),
                relu1=nn.ReLU(),
                **pool,
                conv2=nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
                norm2=nn.BatchNorm2d(out_channels),
            )
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return F.relu(self.residual(x) + self.shortcut(x))


class BottleneckBlock(Block):
    """1x1 to fewer channels, 3x3, 1x1 back, and a ReLU after the sum.

    The 3x3 carries the stride, as in torchvision and timm ("v1.5"); the paper had it in the first 1x1.

    Args:
        in_channels: Channels C of the input.
        middle_channels: Channels of the 3x3 convolution, fewer than those around it.
        out_channels: Channels C' of the output.
        stride: How many times smaller the output is, in height and in width.
        shortcut: How the shortcut fits where channels or size change; see `ShortcutKind`.
        halving: What carries the stride on the residual branch; see `HalvingKind`.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        stride: int = 1,
        shortcut: ShortcutKind = "projection",
        halving: HalvingKind = "convolution",
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride
        pool = pooling_after(halving, stride)
        first, middle = (stride, 1) if halving == "first-convolution" else (1, 1 if pool else stride)
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, middle_channels, 1, first, bias=False),
                norm1=nn.BatchNorm2d(middle_channels),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(middle_channels, middle_channels, 3, middle, padding=1, bias=False),
                norm2=nn.BatchNorm2d(middle_channels),
                relu2=nn.ReLU(),
                **pool,
                conv3=nn.Conv2d(middle_channels, out_channels, 1, bias=False),
                norm3=nn.BatchNorm2d(out_channels),
            )
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return F.relu(self.residual(x) + self.shortcut(x))
