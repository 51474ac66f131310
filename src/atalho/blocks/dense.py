"""The dense block: F(x) is concatenated to x instead of added (Huang et al. 2017, figure 1 and section 3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.block import zero


class DenseLayer(nn.Module):
    """F of a dense block: batch norm, ReLU, 1x1 convolution, then batch norm, ReLU, 3x3 convolution.

    Args:
        in_channels: Channels C of all features before this layer.
        growth_rate: New channels that the layer adds (k in the paper).
        bottleneck: Channels between the two convolutions, as a multiple of the growth rate.
    """

    def __init__(self, in_channels: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, growth_rate
        middle = bottleneck * growth_rate
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, growth_rate, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """All features so far (N,C,H,W) → only the new ones (N,growth_rate,H,W)."""
        x = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(x)))  # type: ignore[no-any-return]

    def silence(self) -> None:
        """Make the new features exactly zero: the weights of the last convolution become zero."""
        zero(self.conv2)


class DenseBlock(nn.Module):
    """Layers that each see the block's input and the features of all layers before them.

    Args:
        in_channels: Channels C of the input.
        layers: How many layers.
        growth_rate: New channels per layer (k in the paper).
        bottleneck: Channels between the two convolutions of a layer, as a multiple of the growth rate.
    """

    def __init__(self, in_channels: int, layers: int, growth_rate: int, bottleneck: int = 4) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, in_channels + layers * growth_rate, 1
        self.layers = nn.ModuleList(
            DenseLayer(in_channels + i * growth_rate, growth_rate, bottleneck) for i in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C + layers x growth_rate,H,W)."""
        # One concatenation per layer, as with a list that every layer joins for itself, and the same memory; but
        # gradients flow back through whole tensors instead of a quadratic number of slices.
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x

    def silence(self) -> None:
        """Make every layer's new features exactly zero: the block is then its input and channels of zeros."""
        for layer in self.layers:
            layer.silence()  # type: ignore[operator]
