"""The residual block with batch norm and ReLU before each convolution (He et al. 2016, "Identity mappings", figure 4e).

Nothing follows the sum, so where the shape stays the path from the first block to the last is the identity.
Where it changes, the shortcut takes the block's raw input, so that forward stays one sum of two modules.
"""

from collections import OrderedDict

from torch import Tensor, nn

from atalho.blocks.block import Block
from atalho.blocks.kinds import ShortcutKind
from atalho.blocks.shortcut import make_shortcut


class PreactivationBasicBlock(Block):
    """Batch norm, ReLU, 3x3 convolution, twice. The first convolution carries the stride.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels C' of the output; both convolutions give as many.
        stride: How many times smaller the output is, in height and in width.
        shortcut: How the shortcut fits where channels or size change; see `ShortcutKind`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, shortcut: ShortcutKind = "projection"
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride
        self.residual = nn.Sequential(
            OrderedDict(
                norm1=nn.BatchNorm2d(in_channels),
                relu1=nn.ReLU(),
                conv1=nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
                norm2=nn.BatchNorm2d(out_channels),
                relu2=nn.ReLU(),
                conv2=nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            )
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return self.residual(x) + self.shortcut(x)  # type: ignore[no-any-return]


class PreactivationBottleneckBlock(Block):
    """Batch norm and ReLU before each of 1x1 to fewer channels, 3x3 with the stride, 1x1 back.

    Args:
        in_channels: Channels C of the input.
        middle_channels: Channels of the 3x3 convolution, fewer than those around it.
        out_channels: Channels C' of the output.
        stride: How many times smaller the output is, in height and in width.
        shortcut: How the shortcut fits where channels or size change; see `ShortcutKind`.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        stride: int = 1,
        shortcut: ShortcutKind = "projection",
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride
        self.residual = nn.Sequential(
            OrderedDict(
                norm1=nn.BatchNorm2d(in_channels),
                relu1=nn.ReLU(),
                conv1=nn.Conv2d(in_channels, middle_channels, 1, bias=False),
                norm2=nn.BatchNorm2d(middle_channels),
                relu2=nn.ReLU(),
                conv2=nn.Conv2d(middle_channels, middle_channels, 3, stride, padding=1, bias=False),
                norm3=nn.BatchNorm2d(middle_channels),
                relu3=nn.ReLU(),
                conv3=nn.Conv2d(middle_channels, out_channels, 1, bias=False),
            )
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return self.residual(x) + self.shortcut(x)  # type: ignore[no-any-return]
