"""The residual block on linear layers: the article's remark that the principle works for them too."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.block import Block
from atalho.blocks.kinds import ShortcutKind
from atalho.blocks.shortcut import make_shortcut


class LinearBlock(Block):
    """Two linear layers, each with a batch norm, and a ReLU after the sum: the basic block without the image.

    Args:
        in_features: Length D of the input vectors.
        out_features: Length D' of the output vectors.
        shortcut: How the shortcut fits where the length changes; "zero-pad" is for images only.
    """

    def __init__(self, in_features: int, out_features: int, shortcut: ShortcutKind = "projection") -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_features, out_features, 1
        self.residual = nn.Sequential(
            OrderedDict(
                linear1=nn.Linear(in_features, out_features, bias=False),
                norm1=nn.BatchNorm1d(out_features),
                relu1=nn.ReLU(),
                linear2=nn.Linear(out_features, out_features, bias=False),
                norm2=nn.BatchNorm1d(out_features),
            )
        )
        self.shortcut = make_shortcut(shortcut, in_features, out_features, of="vectors")

    def forward(self, x: Tensor) -> Tensor:
        """(N,D) → (N,D')."""
        return F.relu(self.residual(x) + self.shortcut(x))
