"""A dense block whose features, written once, lie side by side in one tensor instead of in one tensor per layer.

It takes the place of the concatenations, whose number of channels grows with the square of the layers. All that is
kept of the block has its place before the first layer runs: what comes and goes meanwhile then leaves no holes between
what stays, which would hold as much memory again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.networks.again import copied_to, layout_of, remade, shaped


def dense(block: DenseBlock, x: Tensor) -> Tensor:
    """What `block(x)` gives for (N,C,H,W), keeping its features and what each layer's first convolution gives."""
    layers: Sequence[DenseLayer] = tuple(block.layers)  # type: ignore[arg-type]
    shape, kind = (len(x), block.out_channels, *x.shape[2:]), x.device.type
    autocast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    given = torch.get_autocast_dtype(kind) if autocast else x.dtype
    storage = torch.empty(shape, dtype=torch.promote_types(x.dtype, given), device=x.device, memory_format=layout_of(x))
    storage[:, : x.shape[1]] = x.detach()
    middles = sum(layer.conv1.out_channels for layer in layers)
    shelf = torch.empty(x[:, 0].numel() * middles, dtype=given, device=x.device)
    room = torch.empty(storage.numel(), dtype=storage.dtype, device=x.device)
    for layer in layers:
        middle = remade(layer.norm1, x, layer.conv1, room)
        place, shelf = shaped(shelf, middle), shelf[middle.numel() :]
        new = remade(layer.norm2, copied_to(place, middle), layer.conv2)
        x = _Beside.apply(x, new, storage)
    return x


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
