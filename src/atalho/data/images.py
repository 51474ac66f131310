"""Decoded images by id, whether they lie in a packed file, in memory, or are decoded when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.crew import Crew, Files
from atalho.data.manifest import Ids, Manifest
from atalho.data.survey import BadImage, refuse_bad

Digests = NDArray[np.uint8]


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
            yield ids, _tensor(self._pixels[ids])


@final
class StreamedImages(Images):
    """Each batch is decoded when its turn nears, by processes that work some batches ahead."""

    def __init__(
        self,
        manifest: Manifest,
        side: int,
        channels: int,
        bad: Sequence[BadImage],
        *,
        digests: Digests,
        workers: int,
        max_pixels: int,
        tiff: bool,
    ) -> None:
        super().__init__(len(manifest), side, channels, bad)
        self._manifest, self._digests = manifest, digests
        self._known_bad = {image.number for image in bad}
        self._crew = Crew(workers, max_pixels=max_pixels, tiff=tiff)

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        parts: list[Ids] = []  # decoding runs ahead of the batches that are given out

        def files() -> Iterator[Files]:
            for ids in batches:
                parts.append(ids)
                yield files_of(self._manifest, self._digests, ids.tolist())

        for pixels, bad in self._crew.decode(files(), self.side, self.channels):
            ids = parts.pop(0)
            # Of files whose content nobody knows: what could be read before and cannot be read now has changed.
            new = [(int(ids[place]), reason) for place, reason in bad if int(ids[place]) not in self._known_bad]
            refuse_bad([BadImage(number, self._manifest.names[number], reason) for number, reason in new])
            yield ids, _tensor(pixels)

    def close(self) -> None:
        self._crew.close()


def files_of(manifest: Manifest, digests: Digests, numbers: Sequence[int]) -> Files:
    """The files of some images, and what their contents were when they were surveyed (N, 16); zeros: unknown."""
    known = [digests[number].tobytes().hex() for number in numbers]
    return Files([str(manifest.path(number)) for number in numbers], [digest.strip("0") and digest for digest in known])


def _tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)
