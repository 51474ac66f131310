"""Growth of dense networks: old weights at the places that their channels have among more of them.

What a dense layer adds is concatenated, so a new layer in the middle moves the channels behind it, and every later
consumer takes more. `Channels` says where each old channel is; one function per kind of layer copies what belongs to
these places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.blocks.embedding_head import EmbeddingHead
from atalho.blocks.transition import Transition
from atalho.errors import ConfigError
from atalho.networks.network import Network
from atalho.surgery.growth import Origins


def fill(larger: Network, network: Network, origins: Sequence[Origins], *, copy: bool, keep: bool) -> None:
    """Give `larger` the weights of `network`.

    Args:
        larger: The network of the grown spec, with new weights.
        network: The one that it comes from.
        origins: For each layer of each dense block its place in the old block, None where it is new.
        copy: Whether a new layer is a copy of the one before it.
        keep: Whether later layers ignore the new channels, which keeps the function.
    """
    larger.stem.load_state_dict(network.stem.state_dict())
    old_stages, new_stages = (cast("Sequence[Sequence[Any]]", each.stages) for each in (network, larger))
    channels = torch.arange(old_stages[0][0].in_channels)
    for old, new, order in zip(old_stages, new_stages, origins, strict=True):
        channels = _dense_block(old[0], new[0], order, channels, copy=copy, keep=keep)
        if len(old) > 1:
            channels = _transition(old[1], new[1], channels, keep=keep)
    ends = (network.get_submodule("closing.norm"), larger.get_submodule("closing.norm"))
    _norm(*cast("tuple[nn.BatchNorm2d, nn.BatchNorm2d]", ends), channels)
    _head(network, larger, channels, keep=keep)


def _dense_block(old: DenseBlock, new: DenseBlock, order: Origins, before: Tensor, *, copy: bool, keep: bool) -> Tensor:
    """Fill one block whose old input channels lie at `before`; returns where all its old output channels lie."""
    old_layers, new_layers = (cast("Sequence[DenseLayer]", block.layers) for block in (old, new))
    channels, taken = before, new.in_channels
    donor: tuple[DenseLayer, Tensor] | None = None
    for origin, layer in zip(order, new_layers, strict=True):
        source = donor if origin is None else (old_layers[origin], channels)
        if source is not None and (origin is not None or copy):
            _layer(*source, layer, keep=keep)
        if origin is not None:
            donor = source
            channels = torch.cat([channels, torch.arange(taken, taken + layer.out_channels)])
        taken += layer.out_channels
    return channels


def _layer(old: DenseLayer, channels: Tensor, new: DenseLayer, *, keep: bool) -> None:
    _norm(old.norm1, new.norm1, channels)
    _columns(old.conv1, new.conv1, channels, keep=keep)
    new.norm2.load_state_dict(old.norm2.state_dict())
    new.conv2.load_state_dict(old.conv2.state_dict())


def _transition(old: Transition, new: Transition, channels: Tensor, *, keep: bool) -> Tensor:
    """Fill a transition, which may have more outputs than before, at the end; returns where the old ones lie."""
    _norm(old.norm, new.norm, channels)
    _columns(old.conv, new.conv, channels, keep=keep)
    return torch.arange(old.out_channels)


def _head(network: Network, larger: Network, channels: Tensor, *, keep: bool) -> None:
    old, new = network.head, larger.head
    if not isinstance(old, EmbeddingHead) or not isinstance(new, EmbeddingHead):
        _columns(old.classifier, new.classifier, channels, keep=keep)
        return
    for name in ("pooling", "neck", "classifier"):
        getattr(new, name).load_state_dict(getattr(old, name).state_dict())
    if isinstance(new.reduction, nn.Identity):
        raise ConfigError(
            "with so many layers the features would be as long as the embedding, {length}, and its linear layer would "
            "have no place. Choose another number of layers.",
            length=network.spec.embedding,
        )
    if isinstance(old.reduction, nn.Linear):
        _columns(old.reduction, new.reduction, channels, keep=keep)
    else:  # the features were the embedding: each of its numbers goes on being one of them
        new.reduction.weight.zero_()
        new.reduction.weight[torch.arange(len(channels)), channels] = 1


def _norm(old: nn.BatchNorm2d, new: nn.BatchNorm2d, channels: Tensor) -> None:
    """Values of old channels at their places; the others stay as a new norm has them."""
    for name, values in old.state_dict().items():
        target = getattr(new, name)
        if values.ndim:
            target[channels] = values
        else:
            target.copy_(values)


def _columns(old: nn.Conv2d | nn.Linear, new: nn.Conv2d | nn.Linear, channels: Tensor, *, keep: bool) -> None:
    """The weights of old inputs at their places; where the function is kept, old outputs ignore new inputs."""
    outputs = len(old.weight)
    if keep:
        new.weight[:outputs] = 0
    new.weight[:outputs, channels] = old.weight
    if old.bias is not None and new.bias is not None:
        new.bias[:outputs] = old.bias
