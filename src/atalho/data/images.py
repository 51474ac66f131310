"""Decoded images by id, whether they lie in a packed file, in memory, or are decoded when they are asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.manifest import BadImage, Ids


class Images(ABC):
    """N images as uint8, C channels, `side` × `side` pixels. `bad` names those that could not be read (zeros)."""

    def __init__(self, count: int, side: int, channels: int, bad: Sequence[BadImage]) -> None:
        self.side = side
        self.channels = channels
        self.bad = tuple(bad)
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, ids: Ids | Tensor) -> Tensor:
        """(N, C, P, P) uint8, channels last in memory, of the images with these ids."""
        return next(iter(self.iterate([np.asarray(ids, dtype=np.int64)])))[1]

    @abstractmethod
    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        """For each batch of ids, in order, (ids, pixels (N, C, P, P) uint8)."""

    def close(self) -> None:  # noqa: B027 (only some images hold processes)
        """End what decodes the images, if anything does; they cannot be read any more."""


@final
class PackedImages(Images):
    """All images lie decoded in one array (N, P, P, C) uint8, usually a memory map."""

    def __init__(self, pixels: NDArray[np.uint8], bad: Sequence[BadImage]) -> None:
        super().__init__(len(pixels), pixels.shape[1], pixels.shape[3], bad)
        self._pixels = pixels

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        for ids in batches:
            yield ids, tensor_of(self._pixels[ids])


def tensor_of(pixels: NDArray[np.uint8]) -> Tensor:
    """(N, P, P, C) as (N, C, P, P), channels last in memory, without a copy."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
