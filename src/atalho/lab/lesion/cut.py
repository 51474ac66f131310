"""One lesion of one network, and which images the network is still right about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atalho.lab.lesion.result import Kind
from atalho.lab.shared.subset import Subset
from atalho.lab.shared.trained import TrainedNetwork
from atalho.networks.network import Network
from atalho.surgery import lesion
from atalho.tasks.forward import forward


@dataclass(frozen=True)
class Cut:
    """One lesion of one network; `kind` is whole, remove, silence, random or swap."""

    network: TrainedNetwork
    kind: Kind
    names: tuple[str, ...]
    draw: int = 0

    @property
    def cell(self) -> str:
        """The name of its cell."""
        what = f"{len(self.names)}.{self.draw}" if self.kind == "random" else ".".join(self.names[:1])
        return f"{self.network.name}.{self.kind}.{what}".rstrip(".")

    def applied(self) -> AbstractContextManager[Network]:
        """The network with it, while entered."""
        network = self.network.network
        match self.kind:
            case "whole":
                return nullcontext(network)
            case "silence":
                return lesion.silenced(network, self.names)
            case "swap":
                return lesion.swapped(network, self.names[0], self.names[1])
            case _:
                return lesion.removed(network, self.names)


@dataclass(frozen=True)
class Right:
    """What a cell holds: which images the network gets right."""

    right: str
    """A bit for each image, in hexadecimal digits."""

    def images(self, count: int) -> NDArray[np.bool_]:
        """(N,) for the `count` images that were measured on."""
        packed = np.frombuffer(bytes.fromhex(self.right), np.uint8)
        return np.unpackbits(packed, count=count).astype(bool)


def every(one: TrainedNetwork, counts: Sequence[int], draws: int, seed: int) -> list[Cut]:
    """Every lesion of one network. The same blocks at random for networks whose blocks have the same names."""
    network = one.network
    removable = lesion.removable(network)
    silent = [name for name in lesion.silenceable(network) if name not in removable]
    return [
        Cut(one, "whole", ()),
        *(Cut(one, "remove", (name,)) for name in removable),
        *(Cut(one, "silence", (name,)) for name in silent),
        *(
            Cut(one, "random", lesion.at_random(removable, count, seed=seed, draw=draw), draw)
            for count in sorted(set(counts))
            for draw in range(draws)
            if count <= len(removable)
        ),
        *(Cut(one, "swap", pair) for pair in lesion.swappable(network)),
    ]


def measure(cut: Cut, chosen: Subset) -> Right:
    """Which images the network gets right with a lesion."""
    loaded = cut.network.model
    with cut.applied() as network:
        logits = forward(network, chosen.images, chosen.ids, chosen.preprocessing, loaded.precision)
    right = (logits.argmax(1) == chosen.labels).numpy()
    return Right(np.packbits(right).tobytes().hex())
