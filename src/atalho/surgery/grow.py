"""Growth: a trained network made deeper, with the function that it has (Chen et al. 2016; He et al. 2015, section 1).

Four kinds of new block. *Silent*: a new residual branch whose last layer is zero, so that the block is its shortcut.
*Copy*: the same with the branch of the block before it, already formed. Both keep the function, to the last bit, where
the shortcut is the identity for what comes in: in blocks with pre-activation, and in others because their input has
passed a ReLU. *Random* and *plain copy* leave the last layer as it is: they change the function, and are there to
compare with.

A dense layer cannot be silenced for long, because the batch norm of the next layer would bring its first small
numbers to unit variance. So it is the consumers that ignore it: the weights with which later layers, the transition
and what closes the network see the new channels are zero. What a transition has more of, because it keeps a share of
its channels, is ignored by the next block in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import torch
from torch import nn

from atalho.blocks.block import Block
from atalho.errors import ConfigError, nearest
from atalho.networks.build import build
from atalho.networks.network import Network
from atalho.networks.spec import DenseNetSpec
from atalho.surgery import grow_dense, growth
from atalho.surgery.growth import At, Growth, Origins
from atalho.text import Text

Kind = Literal["silent", "copy", "random", "plain-copy"]
KEEPING: Final = ("silent", "copy")
"""The kinds that keep the function."""


@torch.no_grad()
def grow(
    network: Network,
    *,
    to: str | None = None,
    blocks: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
    kind: Kind = "silent",
    at: At = "end",
) -> Network:
    """A deeper network with copies of all weights of `network`, which stays as it is.

    A residual network gives exactly the same outputs as before, in training and in evaluation mode; a dense one the
    same up to the rounding of longer sums (1e-5 of the largest). New weights depend on `torch.manual_seed` only.

    Parameters
    ----------
    network
        What grows; of any family.
    to
        A name of the catalogue that differs from the network in its blocks alone, such as resnet34 for a resnet18.
    blocks
        Instead of a name: blocks per stage, as many as there are or more; in a dense network, layers per dense block.
    layers
        The same as `blocks`, as dense networks call it.
    kind
        silent: a new branch whose last layer is zero. copy: the same, with the other layers of the block before it.
        random and plain-copy: the last layer is not zero, so that the function changes.
    at
        Where new blocks go: at the "end" of each stage, "spread" evenly over it, or behind the blocks of these names,
        such as stages.2.0; with names alone, one block behind each.

    Returns
    -------
    Network
        In the mode of `network`, on its device, with its frozen weights frozen.

    Raises
    ------
    ConfigError
        The result would be no network, or no larger one (with the nearest that is possible); a plain network shall
        keep its function; a copy is asked for where a stage has no block of the new one's shape.

    Examples
    --------
    >>> shallow = atalho.create("resnet20").eval()
    >>> deep, images = atalho.grow(shallow, to="resnet32"), torch.rand(2, 3, 32, 32)
    >>> torch.equal(deep(images), shallow(images))
    True
    """
    if kind not in get_args(Kind):
        raise ConfigError(
            Text.joined(Text("unknown kind of new block {given!r}.", given=kind), nearest(kind, get_args(Kind)))
        )
    if blocks is not None and layers is not None:
        raise ConfigError("blocks and layers are both given, which are two names for the same. Give one of them.")
    planned = growth.plan(network.spec, to=to, blocks=layers if blocks is None else blocks, at=at)
    if getattr(network.spec, "shortcut", None) == "none" and kind in KEEPING:
        raise ConfigError(
            "a plain network cannot keep its function when it grows: without a shortcut, a block that adds nothing "
            "passes on nothing. Grow its residual twin, or choose kind 'random' or 'plain-copy', which change the "
            "function."
        )
    larger = _build(network, planned)
    if isinstance(network.spec, DenseNetSpec):
        grow_dense.fill(larger, network, planned.origins, copy=kind in ("copy", "plain-copy"), keep=kind in KEEPING)
    else:
        _fill(larger, network, planned.origins, kind)
    return larger


def _fill(larger: Network, network: Network, origins: Sequence[Origins], kind: Kind) -> None:
    for name in ("stem", "closing", "head"):
        getattr(larger, name).load_state_dict(getattr(network, name).state_dict())
    for stage, (old, new) in enumerate(zip(network.stages, larger.stages, strict=True)):
        for place, origin in enumerate(origins[stage]):
            block: Block = new[place]  # type: ignore[index]
            if origin is not None:
                block.load_state_dict(old[origin].state_dict())  # type: ignore[index]
                continue
            if kind in ("copy", "plain-copy"):
                block.load_state_dict(old[_donor(old, origins[stage], place, stage)].state_dict())  # type: ignore
            if kind in KEEPING:
                block.silence()


def _donor(stage: nn.Module, origins: Origins, place: int, number: int) -> int:
    """The nearest old block before a new one, or else behind it, that has its shape."""
    before = [origin for origin in reversed(origins[:place]) if origin is not None]
    behind = [origin for origin in origins[place:] if origin is not None]
    for origin in (*before, *behind):
        block: Block = stage[origin]  # type: ignore[index]
        if block.in_channels == block.out_channels and block.stride == 1:
            return origin
    raise ConfigError(
        "stage {stage} has no block that could be copied: its only one changes the shape. Choose kind 'silent' or "
        "'random'.",
        stage=number,
    )


def _build(network: Network, planned: Growth) -> Network:
    """The larger network with new weights, where, in the numbers and in the memory layout that the smaller one has."""
    first = next(network.parameters())
    with torch.device(first.device):
        larger = build(planned.spec).to(first.dtype)
    if any(one.ndim == 4 and not one.is_contiguous() for one in network.parameters()):
        larger = larger.to(memory_format=torch.channels_last)  # another layout adds up in another order
    known = dict(network.named_parameters())
    for name, parameter in larger.named_parameters():
        old = planned.old_name(name)
        parameter.requires_grad_(parameter.requires_grad if old not in known else known[old].requires_grad)
    return larger.train(network.training)
