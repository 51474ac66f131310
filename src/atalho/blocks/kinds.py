"""The closed sets of names for the parts of a network, and the rule for shortcuts. Needs no torch.

Blocks, plans, specs, settings and commands all take them from here.
"""

from typing import Literal

ShortcutKind = Literal["projection", "zero-pad", "identity", "none"]
"""How a block's shortcut fits where the shape changes. `identity` leaves it out there and keeps it where the shape
stays; `none` leaves it out everywhere (a plain network)."""
ShortcutChoice = Literal["auto", ShortcutKind]
"""What can be asked for: a kind, or `auto` for the one that the network has in the catalogue."""
ShortcutPath = Literal["identity", "projection", "zero-pad", "none"]
"""What one block's shortcut is."""

StemKind = Literal["small", "large", "small-pool", "small-double", "large-linear"]
"""`small`: 3x3, stride 1, for images up to 64 pixels; `large`: 7x7, stride 2, then max pooling. `small-double`: two
3x3, the second of stride 2. As some authors have them: `small-pool`, small with max pooling, and `large-linear`, large
without its ReLU."""
StemChoice = Literal["auto", StemKind]
"""What can be asked for: a kind, or `auto` for the one that suits the images."""

HalvingKind = Literal["convolution", "first-convolution", "average", "blur"]
"""What halves the size in a residual block: the stride of its first 3x3 convolution; that of its first convolution, a
bottleneck's 1x1 (He et al. 2015, Caffe); average pooling or blur pooling after the 3x3 convolution instead."""

PoolingKind = Literal["average", "gem"]
"""How the head pools features (N,C,H,W) to (N,C): their mean, or a generalized mean whose power is learned."""


def shortcut_path(kind: ShortcutKind, in_channels: int, out_channels: int, stride: int = 1) -> ShortcutPath:
    """Which shortcut a block has: the identity where its shape stays, else what `kind` puts in its place."""
    if kind == "none":
        return "none"
    if in_channels == out_channels and stride == 1:
        return "identity"
    return "none" if kind == "identity" else kind
