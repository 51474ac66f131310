"""How images and numbers come to the device that computes, without the host waiting for it.

On the CPU nothing is copied. To a CUDA GPU everything goes through pinned memory: a copy from other memory waits until
the GPU has done all that it was given before. Pixels of a set that fits stay on the device as uint8.
"""

from collections.abc import Iterable, Iterator
from typing import final

import numpy as np
import torch
from torch import Tensor

from atalho.data.images import Images, PackedImages
from atalho.data.manifest import Ids
from atalho.data.order import in_order

_PART = 1000


@final
class DeviceImages(Images):
    """All pixels of `images` on `device`, in one tensor (N, P, P, C) uint8."""

    def __init__(self, images: PackedImages, device: torch.device) -> None:
        super().__init__(len(images), images.side, images.channels, images.bad)
        self._images = images
        self._pixels = torch.empty(
            (len(images), images.side, images.side, images.channels), dtype=torch.uint8, device=device
        )
        done = 0
        for _ids, pixels in images.iterate(in_order(np.arange(len(images), dtype=np.int64), _PART)):
            self._pixels[done : done + len(pixels)] = moved(pixels.permute(0, 2, 3, 1), device)
            done += len(pixels)

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        for ids in batches:
            chosen = moved(torch.from_numpy(ids), self._pixels.device)
            yield ids, self._pixels[chosen].permute(0, 3, 1, 2)

    def close(self) -> None:
        self._images.close()


def resident(images: Images, device: torch.device, room: int | None) -> Images:
    """`images` with their pixels on `device` where they take at most `room` bytes of it.

    On the CPU, and where nobody knows the room, they stay as they are.
    """
    size = len(images) * images.side**2 * images.channels
    if device.type == "cpu" or room is None or size > room or not isinstance(images, PackedImages):
        return images
    return DeviceImages(images, device)


def iterate(images: Images, batches: Iterable[Ids], device: torch.device) -> Iterator[tuple[Ids, Tensor]]:
    """`images.iterate(batches)` with the pixels on `device`.

    On a CUDA GPU they are copied on a stream of their own, beside the steps that were given to the GPU before.
    """
    copying = _stream(device) if device.type == "cuda" and torch.cuda.is_available() else None
    for ids, pixels in images.iterate(batches):
        if copying is None or pixels.device.type == "cuda":
            yield ids, moved(pixels, device)
            continue
        with torch.cuda.stream(copying):
            there = moved(pixels, device)
        computing = torch.cuda.current_stream(device)
        computing.wait_stream(copying)
        there.record_stream(computing)  # its memory is not given away before the step that uses it is done
        yield ids, there


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` on `device`: itself where it lies there, otherwise a copy that nobody waits for."""
    if tensor.device.type == device.type:
        return tensor
    if device.type != "cuda" or not torch.cuda.is_available():
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
