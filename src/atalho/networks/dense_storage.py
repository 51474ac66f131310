"""A dense block whose features, written once, lie side by side in one tensor instead of in one tensor per layer.

What the layers keep for the backward pass lies there before the first layer runs. Tensors that come and go then leave
no holes between those that stay, which would otherwise hold more memory than the tensors do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.networks.again import layout_of, remade


def dense(block: DenseBlock, x: Tensor) -> Tensor:
    """What `block(x)` gives for (N,C,H,W), keeping its features and what each layer's first convolution gives."""
    layers: Sequence[DenseLayer] = tuple(block.layers)  # type: ignore[arg-type]
    kind = x.device.type
    given = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    storage = _rooms(x, [block.out_channels], torch.promote_types(x.dtype, given))[0]
    storage[:, : x.shape[1]] = x.detach()
    rooms = _rooms(x, [layer.conv1.out_channels for layer in layers], given)
    for layer, room in zip(layers, rooms, strict=True):
        middle = _Laid.apply(remade(layer.norm1, x, layer.conv1), room)
        x = _Beside.apply(x, remade(layer.norm2, middle, layer.conv2), storage)
    return x


def _rooms(x: Tensor, channels: Sequence[int], dtype: torch.dtype) -> list[Tensor]:
    """Empty feature maps as large as x and laid out as it is, of so many channels each, in one piece of memory."""
    images, _channels, *area = x.shape
    pixels = images * math.prod(area)
    whole = torch.empty(pixels * sum(channels), dtype=dtype, device=x.device)
    pieces = torch.split(whole, [pixels * c for c in channels])
    if layout_of(x) == torch.channels_last:
        return [piece.view(images, *area, c).permute(0, 3, 1, 2) for piece, c in zip(pieces, channels, strict=True)]
    return [piece.view(images, c, *area) for piece, c in zip(pieces, channels, strict=True)]


class _Laid(torch.autograd.Function):
    """Puts features where they are to stay."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, room: Tensor) -> Tensor:
        room.copy_(features)
        # Not `detach`, which shares the count of changes with the other rooms: they are written while this one is kept.
        return room.data

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _Beside(torch.autograd.Function):
    """Concatenation of channels where `features` lie in `storage` already: only the new ones are written."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, new: Tensor, storage: Tensor) -> Tensor:
        ctx.first, ctx.types = features.shape[1], (features.dtype, new.dtype)
        last = ctx.first + new.shape[1]
        storage[:, ctx.first : last] = new
        # Detached: later writes to other channels of the storage are not changes of these.
        return storage.detach()[:, :last]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        features, new = ctx.types
        return gradient[:, : ctx.first].to(features), gradient[:, ctx.first :].to(new), None
