"""What stands between dense blocks: fewer channels and half the size (Huang et al. 2017, section 3)."""

import torch.nn.functional as F
from torch import Tensor, nn


class Transition(nn.Module):
    """Batch norm, ReLU, 1x1 convolution and 2x2 average pooling, to keep the channels in check.

    Args:
        in_channels: Channels C that leave the dense block before it.
        out_channels: Channels C' that enter the next one.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, 2
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/2,W/2), rounded down."""
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), kernel_size=2)
