"""How a residual block halves the size of its images, where it is not by the stride of its middle convolution."""

import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.kinds import HalvingKind


class BlurPool(nn.Module):
    """Every second pixel of the blurred features, so that a shift of a pixel changes less (Zhang 2019, section 3.3).

    The blur is the binomial filter 1-2-1, which two means of two pixels make.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C,H/2,W/2), rounded up."""
        return F.avg_pool2d(F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 2, 1), 2)


def pooling_after(halving: HalvingKind, stride: int) -> dict[str, nn.Module]:
    """The layer that stands behind the ReLU of a strided convolution in place of its stride, by its name; or none."""
    if stride == 1 or halving not in ("average", "blur"):
        return {}
    return {"pool": nn.AvgPool2d(stride) if halving == "average" else BlurPool()}
