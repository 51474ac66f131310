"""Lesions: what is left of a network without some of its blocks (Veit et al. 2016, section 4).

Three kinds. *Silenced*, a residual branch gives zero and the block is its shortcut alone; a dense layer adds zeros.
*Removed*, the block is gone and the next one receives its input: possible for blocks that keep the shape, with or
without a shortcut, which makes it the lesion for comparing a residual network with its plain twin. *Swapped*, two
neighbours of the same shape change places. Everything else stays as it is, batch norm's statistics included.

Blocks are named as in `Network.blocks`, dense layers below their dense block (`stages.0.0.layers.3`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import nn

from atalho import chance
from atalho.blocks.block import Block
from atalho.blocks.dense import DenseBlock, DenseLayer
from atalho.blocks.shortcut import NoShortcut
from atalho.errors import ConfigError, nearest
from atalho.networks.network import Network
from atalho.text import Text

_CANNOT_SILENCE: Final = Text("{name} cannot be silenced: this needs a block with a shortcut or a dense layer.")
_CANNOT_REMOVE: Final = Text("{name} cannot be removed: this needs a block whose output has the shape of its input.")


def silenceable(network: Network) -> tuple[str, ...]:
    """Blocks with a shortcut, and dense layers, in the order of the forward pass.

    A block without a shortcut is not among them: silenced, it would pass on nothing but zeros.
    """
    return tuple(
        name
        for name, part in parts(network)
        if isinstance(part, DenseLayer) or (isinstance(part, Block) and not isinstance(part.shortcut, NoShortcut))
    )


def removable(network: Network) -> tuple[str, ...]:
    """Blocks whose output has the shape of their input, in order: without these the others still fit together."""
    return tuple(name for name, part in parts(network) if isinstance(part, Block) and _keeps_shape(part))


def swappable(network: Network) -> tuple[tuple[str, str], ...]:
    """Neighbours that both keep the same shape, in order."""
    names = removable(network)
    # Removable blocks of one stage stand beside each other: only the first of a stage can change the shape.
    return tuple((a, b) for a, b in pairwise(names) if _stage(a) == _stage(b))


def at_random(names: Sequence[str], count: int, *, seed: int, draw: int) -> tuple[str, ...]:
    """`count` of `names`, in their own order; every seed and draw gives another choice.

    Raises ConfigError where there are fewer.
    """
    if not 0 <= count <= len(names):
        raise ConfigError(
            "{count} blocks at random: expected 0 to {most}, the number of blocks that can be removed.",
            count=count,
            most=len(names),
        )
    places = chance.permutation(seed, "lesion", draw, np.arange(len(names)))[:count]
    return tuple(names[place] for place in sorted(places.tolist()))


@contextmanager
def silenced(network: Network, names: Iterable[str]) -> Iterator[Network]:
    """While entered, the named blocks or dense layers are silent; afterwards their weights are what they were.

    Raises ConfigError for others than `silenceable` names.
    """
    chosen = _checked(names, silenceable(network), _CANNOT_SILENCE)
    parts = [network.get_submodule(name) for name in chosen]
    before = [[parameter.detach().clone() for parameter in part.parameters()] for part in parts]
    try:
        for part in parts:
            part.silence()  # type: ignore[operator]
        yield network
    finally:
        with torch.no_grad():
            for part, values in zip(parts, before, strict=True):
                for parameter, value in zip(part.parameters(), values, strict=True):
                    parameter.copy_(value)


@contextmanager
def removed(network: Network, names: Iterable[str]) -> Iterator[Network]:
    """While entered, what comes to the named blocks goes on as it is; raises ConfigError for other than `removable`."""
    chosen = _checked(names, removable(network), _CANNOT_REMOVE)
    blocks = {name: network.get_submodule(name) for name in chosen}
    try:
        for name in blocks:
            network.set_submodule(name, nn.Identity())
        yield network
    finally:
        for name, block in blocks.items():
            network.set_submodule(name, block)


@contextmanager
def swapped(network: Network, first: str, second: str) -> Iterator[Network]:
    """While entered, two neighbours stand in each other's place; raises ConfigError for other than `swappable`."""
    if (first, second) not in swappable(network):
        raise ConfigError(
            "blocks {first} and {second} cannot be swapped: they must be neighbours in one stage that keep "
            "the shape, in order.",
            first=first,
            second=second,
        )
    one, other = network.get_submodule(first), network.get_submodule(second)
    try:
        network.set_submodule(first, other)
        network.set_submodule(second, one)
        yield network
    finally:
        network.set_submodule(first, one)
        network.set_submodule(second, other)


def without(network: Network, names: Iterable[str]) -> Network:
    """A new network without the named blocks, with a spec of its own and copies of all other weights.

    Its outputs are those of `removed`. Raises ConfigError for other than `removable` blocks, and where a stage would
    lose all of its blocks, which no spec can say.
    """
    chosen = set(_checked(names, removable(network), _CANNOT_REMOVE))
    kept = [
        [block for place, block in stage.named_children() if f"stages.{number}.{place}" not in chosen]
        for number, stage in network.stages.named_children()
    ]
    for number, blocks in enumerate(kept):
        if not blocks:
            raise ConfigError(
                "stage {stage} would have no blocks left, but every stage needs one. Keep one.", stage=number
            )
    return Network(
        replace(network.spec, blocks=tuple(map(len, kept))),
        deepcopy(network.stem),
        nn.Sequential(*(nn.Sequential(*map(deepcopy, blocks)) for blocks in kept)),
        deepcopy(network.closing),
        deepcopy(network.head),
    ).train(network.training)


def parts(network: Network) -> Iterator[tuple[str, nn.Module]]:
    """Every block with its name, in the order of the forward pass, and instead of a dense block its layers."""
    for name, block in network.blocks():
        if isinstance(block, DenseBlock):
            for place, layer in block.layers.named_children():
                yield f"{name}.layers.{place}", layer
        else:
            yield name, block


def _keeps_shape(block: Block) -> bool:
    return block.in_channels == block.out_channels and block.stride == 1


def _stage(name: str) -> str:
    return name.split(".")[1]


def _checked(names: Iterable[str], accepted: Sequence[str], reason: Text) -> list[str]:
    """`names` as a list without repetitions; ConfigError with the reason for one that is not accepted."""
    chosen = list(dict.fromkeys([names] if isinstance(names, str) else names))
    for name in chosen:
        if name not in accepted:
            raise ConfigError(Text.joined(reason.format(name=name), nearest(name, accepted)))
    return chosen
