"""The first layers of a network: from C channels of pixels to the features that the first block takes.

A small stem keeps the image's size, a double one halves it, and a large one quarters it. A large stem on images of 32
pixels costs many points of accuracy, because little of the image is left for the blocks.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.halving import BlurPool
from atalho.blocks.kinds import HalvingKind


class SmallStem(nn.Module):
    """3x3 convolution, batch norm, ReLU: for images up to 64 pixels (He et al. 2015, section 4.2).

    Args:
        in_channels: Channels C of the images.
        out_channels: Channels C' that the first block takes.
        pool: Whether 3x3 max pooling of stride 2 follows.
    """

    def __init__(self, in_channels: int, out_channels: int, pool: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H,W), or half as high and wide after pooling, rounded up."""
        x = F.relu(self.norm(self.conv(x)))
        return F.max_pool2d(x, kernel_size=3, stride=2, padding=1) if self.pool else x


class DoubleStem(nn.Module):
    """Two 3x3 convolutions, the second of stride 2, each with batch norm and ReLU: for small images in little time.

    The blocks behind it then cost a quarter of the multiply-adds.

    Args:
        in_channels: Channels C of the images.
        out_channels: Channels C' that the first block takes; the first convolution gives half as many.
        bare: Whether the last batch norm and ReLU are left to the first block.
    """

    def __init__(self, in_channels: int, out_channels: int, bare: bool = False) -> None:
        super().__init__()
        middle = max(1, out_channels // 2)
        self.conv = nn.Conv2d(in_channels, middle, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, out_channels, 3, stride=2, padding=1, bias=False)
        self.norm2 = None if bare else nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/2,W/2), rounded up."""
        x = self.conv2(F.relu(self.norm(self.conv(x))))
        return x if self.norm2 is None else F.relu(self.norm2(x))


class BareStem(nn.Module):
    """3x3 convolution alone: for small images where the first block begins with its own batch norm and ReLU.

    Args:
        in_channels: Channels C of the images.
        out_channels: Channels C' that the first block takes.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H,W)."""
        return self.conv(x)  # type: ignore[no-any-return]


class LargeStem(nn.Module):
    """7x7 convolution of stride 2, batch norm, ReLU, 3x3 max pooling of stride 2 (He et al. 2015, table 1).

    Args:
        in_channels: Channels C of the images.
        out_channels: Channels C' that the first block takes.
        halving: Average pooling or blur pooling stand in place of the stride of the max pooling; see `HalvingKind`.
        relu: Whether a ReLU stands before the pooling.
    """

    def __init__(
        self, in_channels: int, out_channels: int, halving: HalvingKind = "convolution", relu: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.relu = relu
        self.pool = {
            "average": nn.AvgPool2d(2),
            "blur": nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), BlurPool()),
        }.get(halving, nn.MaxPool2d(3, stride=2, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/4,W/4), rounded up (down after average pooling)."""
        x = self.norm(self.conv(x))
        return self.pool(F.relu(x) if self.relu else x)  # type: ignore[no-any-return]


class PixelStem(nn.Module):
    """The image as a vector: averaged (or repeated) to side x side pixels, one linear layer, batch norm, ReLU.

    Args:
        in_channels: Channels C of the images.
        side: Side in pixels that every image is brought to.
        out_features: Length D of the vectors that the first block takes.
    """

    def __init__(self, in_channels: int, side: int, out_features: int) -> None:
        super().__init__()
        self.side = side
        self.linear = nn.Linear(in_channels * side * side, out_features, bias=False)
        self.norm = nn.BatchNorm1d(out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,D). An image of side x side pixels is taken as it is."""
        return F.relu(self.norm(self.linear(F.adaptive_avg_pool2d(x, self.side).flatten(1))))
