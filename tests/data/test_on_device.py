"""Images and numbers where the network computes. The meta device stands for one that is not the CPU."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from atalho.data.images import Images, PackedImages
from atalho.data.manifest import Ids
from atalho.data.on_device import DeviceImages, iterate, moved, resident

CPU, META = torch.device("cpu"), torch.device("meta")
PIXELS = np.random.default_rng(0).integers(0, 256, (2100, 4, 4, 3), dtype=np.uint8)
BATCHES = [np.array([3, 1, 2099]), np.array([1000, 0])]
GPU = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU"))


class _Streamed(Images):
    """Black images that lie nowhere."""

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        for ids in batches:
            yield ids, torch.zeros(len(ids), self.channels, self.side, self.side, dtype=torch.uint8)


@pytest.mark.parametrize("device", ["cpu", GPU])
def test_pixels_that_lie_on_a_device_are_those_of_the_packed_file(device: str) -> None:
    packed = PackedImages(PIXELS, [])
    there = DeviceImages(packed, torch.device(device))
    assert (len(there), there.side, there.channels, there.bad) == (2100, 4, 3, ())
    for (ids, pixels), (wanted_ids, wanted) in zip(there.iterate(BATCHES), packed.iterate(BATCHES), strict=True):
        assert pixels.device.type == device
        assert np.array_equal(ids, wanted_ids)
        assert torch.equal(pixels.cpu(), wanted)
        assert pixels.stride() == wanted.stride()


def test_only_what_fits_is_taken_to_a_device_and_nothing_on_the_cpu() -> None:
    packed = PackedImages(PIXELS, [])
    size = PIXELS.nbytes
    assert isinstance(resident(packed, META, size), DeviceImages)
    assert resident(packed, META, size - 1) is packed
    assert resident(packed, META, None) is packed
    assert resident(packed, CPU, size) is packed
    streamed = _Streamed(5, 4, 3, [])
    assert resident(streamed, META, 10**9) is streamed


def test_batches_come_to_the_device_whatever_they_are_read_from() -> None:
    packed = PackedImages(PIXELS, [])
    for images in (packed, resident(packed, META, PIXELS.nbytes), _Streamed(5, 4, 3, [])):
        found = list(iterate(images, BATCHES, META))
        assert [pixels.shape for _ids, pixels in found] == [(3, 3, 4, 4), (2, 3, 4, 4)]
        assert all(pixels.device.type == "meta" for _ids, pixels in found)
    same = list(iterate(packed, BATCHES, CPU))
    assert torch.equal(same[0][1], packed[BATCHES[0]])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_batches_are_copied_to_a_gpu_beside_its_steps() -> None:
    packed = PackedImages(PIXELS, [])
    for ids, pixels in iterate(packed, BATCHES * 50, torch.device("cuda")):
        torch.mm(torch.ones(2000, 2000, device="cuda"), torch.ones(2000, 2000, device="cuda"))
        assert torch.equal(pixels.cpu(), packed[ids])


def test_what_lies_there_already_is_not_copied() -> None:
    there = torch.zeros(2)
    assert moved(there, CPU) is there
    assert moved(moved(there, META), META).device == META
