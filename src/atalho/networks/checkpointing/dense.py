"""A dense block whose features are written once, side by side in one tensor, instead of into one tensor per layer.

It takes the place of the concatenations, whose number of channels grows with the square of the layers. All that is
kept of the block is allocated before the first layer runs: what comes and goes meanwhile then leaves no holes between
what stays, which would hold as much memory again.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.networks.checkpointing.recompute import copy_into, memory_format_of, recompute_norm_relu, view_as


def run_dense_block(block: DenseBlock, x: Tensor) -> Tensor:
    """What `block(x)` gives for (N,C,H,W), keeping its features and what each layer's first convolution gives."""
    layers: Sequence[DenseLayer] = tuple(block.layers)  # type: ignore[arg-type]
    shape, device, layout = (len(x), block.out_channels, *x.shape[2:]), x.device, memory_format_of(x)
    autocast = torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)
    computed = torch.get_autocast_dtype(device.type) if autocast else x.dtype
    features = torch.empty(shape, dtype=torch.promote_types(x.dtype, computed), device=device, memory_format=layout)
    features[:, : x.shape[1]] = x.detach()
    middle_channels = sum(layer.conv1.out_channels for layer in layers)
    middles = torch.empty(x[:, 0].numel() * middle_channels, dtype=computed, device=device)
    buffer = torch.empty(features.numel(), dtype=features.dtype, device=device)
    for layer in layers:
        middle = recompute_norm_relu(layer.norm1, x, layer.conv1, buffer)
        target, middles = view_as(middles, middle), middles[middle.numel() :]
        new = recompute_norm_relu(layer.norm2, copy_into(target, middle), layer.conv2)
        x = _AppendChannels.apply(x, new, features)
    return x


class _AppendChannels(torch.autograd.Function):
    """Concatenation of channels where x lies in `features` already: only the new ones are written."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, new: Tensor, features: Tensor) -> Tensor:
        ctx.first, ctx.types = x.shape[1], (x.dtype, new.dtype)
        last = ctx.first + new.shape[1]
        features[:, ctx.first : last] = new
        # Detached: later writes to other channels are not changes of these.
        return features.detach()[:, :last]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        before, new = ctx.types
        return gradient[:, : ctx.first].to(before), gradient[:, ctx.first :].to(new), None
