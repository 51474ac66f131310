"""The path that a residual block adds around its layers: a closed set of real modules (He et al. 2015, section 3.3).

A block asks `make_shortcut` for the one that fits its channels and stride; nobody hands a shortcut in.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.kinds import ShortcutKind, shortcut_path
from atalho.errors import ConfigError, nearest
from atalho.text import Text


class IdentityShortcut(nn.Module):
    """The input itself: where channels and size stay the same."""

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → the same tensor."""
        return x


class _FewChannelsConv2d(nn.Conv2d):
    """A 1x1 convolution with a stride from fewer than 16 channels, computed on the CPU without oneDNN's own striding.

    oneDNN, v3.12.0 of torch 2.14.1 among others, copies every stride-th pixel to a buffer before it computes the
    gradient of such weights. With channels_last and fewer channels than its block of 8 (AVX2) or 16 (AVX-512), it
    writes past the end of that buffer: the process crashes or hangs in backward, depending on batch, size and threads
    (https://github.com/uxlfoundation/oneDNN/issues/6035; `torch.__config__.show()` names the version). Picking the
    pixels before the convolution keeps oneDNN from doing so. Once every supported torch contains the fix,
    `nn.Conv2d` can return.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        down, across = self.stride
        # oneDNN copies only where the stride divides the size; elsewhere, and on a GPU, not a bit should change.
        if x.device.type != "cpu" or x.shape[-2] % down or x.shape[-1] % across:
            return super().forward(x)
        return F.conv2d(every_nth_pixel(x, self.stride), self.weight, self.bias)


class ProjectionShortcut(nn.Module):
    """Option B: a 1x1 convolution with the block's stride, and a batch norm, make the input fit for the sum.

    Args:
        in_channels: Channels C of the block's input.
        out_channels: Channels C' of its output.
        stride: How many times smaller the output is, in height and in width.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        convolution = _FewChannelsConv2d if stride > 1 and in_channels < 16 else nn.Conv2d
        self.conv = convolution(in_channels, out_channels, 1, stride, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return self.norm(self.conv(x))  # type: ignore[no-any-return]


class LinearProjectionShortcut(nn.Module):
    """Option B for linear layers: a linear layer and a batch norm.

    Args:
        in_features: Length D of the block's input vectors.
        out_features: Length D' of its output vectors.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=False)
        self.norm = nn.BatchNorm1d(out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(N,D) → (N,D')."""
        return self.norm(self.linear(x))  # type: ignore[no-any-return]


class ZeroPadShortcut(nn.Module):
    """Option A, without parameters: every stride-th pixel, and channels of zeros, half of them on each side.

    Args:
        in_channels: Channels C of the block's input.
        out_channels: Channels C' of its output, C or more.
        stride: How many times smaller the output is, in height and in width.

    Raises ConfigError where C' is less than C.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        if out_channels < in_channels:
            raise ConfigError(
                "shortcut 'zero-pad' from {given} to {out} channels: it can only add channels; use 'projection' "
                "in blocks that reduce them",
                given=in_channels,
                out=out_channels,
            )
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C',H/stride,W/stride)."""
        return F.pad(every_nth_pixel(x, self.stride), (0, 0, 0, 0, self.before, self.after))


def every_nth_pixel(x: Tensor, stride: int | tuple[int, ...]) -> Tensor:
    """(N,C,H,W) → x[:, :, ::stride, ::stride], as pooling over 1x1 windows.

    Unlike that of slicing, its gradient stays channels_last, which the sum with the residual branch's gradient needs
    to be fast.
    """
    return F.avg_pool2d(x, kernel_size=1, stride=stride)


class Nothing(Tensor):
    """A zero without dimensions that a sum ignores: `x + NOTHING` is x itself, with no work and no copy."""

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        if function in (Tensor.add, torch.add):
            return next(term for term in arguments if not isinstance(term, cls))
        with torch._C.DisableTorchFunctionSubclass():
            return function(*arguments, **(options or {}))


NOTHING: Final = torch.zeros(()).as_subclass(Nothing)


class NoShortcut(nn.Module):
    """No path: the block becomes one of a plain network, its residual branch unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        """Any x → `NOTHING`, a zero that a sum leaves out."""
        return NOTHING


def make_shortcut(
    kind: ShortcutKind,
    in_channels: int,
    out_channels: int,
    stride: int = 1,
    *,
    of: Literal["images", "vectors"] = "images",
) -> nn.Module:
    """The shortcut that `shortcut_path` says a block has, for images (N,C,H,W) or for vectors (N,D).

    Raises ConfigError for an unknown kind (with the nearest), and for zero-padding that would have to drop channels
    or to pad vectors.
    """
    if kind not in get_args(ShortcutKind):
        text = Text("unknown shortcut {given!r}.", given=kind)
        raise ConfigError(Text.joined(text, nearest(kind, get_args(ShortcutKind))))
    match shortcut_path(kind, in_channels, out_channels, stride), of:
        case "none", _of:
            return NoShortcut()
        case "identity", _of:
            return IdentityShortcut()
        case "projection", "images":
            return ProjectionShortcut(in_channels, out_channels, stride)
        case "zero-pad", "images":
            return ZeroPadShortcut(in_channels, out_channels, stride)
        case "projection", "vectors":
            return LinearProjectionShortcut(in_channels, out_channels)
    raise ConfigError(
        "shortcut 'zero-pad' does not work in linear blocks that change the width; use 'projection' or 'none'"
    )
