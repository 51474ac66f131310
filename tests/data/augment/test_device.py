"""Augmentation where the pixels lie: nothing of another device is mixed in, and the numbers are those of the CPU."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from atalho.config import AugmentConfig
from atalho.data.augment import Augment, colour, geometry
from atalho.data.images import tensor_of

PIXELS = tensor_of(np.random.default_rng(0).integers(0, 256, (64, 36, 36, 3), dtype=np.uint8))
IDS, LABELS = np.arange(100, 164), torch.arange(64) % 5
EXACT: list[dict[str, Any]] = [
    {"crop": "pad"},
    {"crop": "none", "erasing": 0.7},
    {"crop": "pad", "mixup": 0.4, "cutmix": 0.7},
]
NEAR: list[dict[str, Any]] = [
    {"crop": "resized"},
    {"crop": "pad", "affine": 1.0},
    {"crop": "pad", "trivial": True},
    {"crop": "pad", "jitter": 0.4},
]


def _varied(pixels: Tensor, settings: dict[str, Any]) -> tuple[Tensor, Tensor]:
    augment = Augment(AugmentConfig(**settings), size=32, mean=(0.4,) * 3, std=(0.2,) * 3, seed=3)
    return augment(pixels, IDS, 1, LABELS, 5)


@pytest.mark.parametrize("settings", EXACT + NEAR, ids=str)
def test_everything_is_made_where_the_pixels_lie(settings: dict[str, Any]) -> None:
    # The meta device refuses to compute with tensors of another one.
    images, targets = _varied(PIXELS.to("meta"), settings)
    wanted, shares = _varied(PIXELS, settings)
    assert (images.device.type, targets.device.type) == ("meta", "meta")
    assert (images.shape, images.stride(), images.dtype) == (wanted.shape, wanted.stride(), torch.float32)
    assert targets.shape == shares.shape


@pytest.mark.parametrize(("pad", "size"), [(2, 36), (0, 32), (4, 32), (40, 16)])
def test_windows_cut_by_one_gather_are_those_cut_one_by_one(pad: int, size: int) -> None:
    draws = np.random.default_rng(1).random((64, geometry.DRAWS), dtype=np.float32)
    each = geometry.pad_crop(PIXELS, draws, size, pad, (1, 2, 3))
    assert torch.equal(geometry.pad_crop_at_once(PIXELS, draws, size, pad, (1, 2, 3)), each)


def test_the_mean_in_whole_steps_is_near_and_does_not_depend_on_the_batch() -> None:
    grey = colour.luma(PIXELS.float())
    found = colour.mean_in_steps(grey)
    torch.testing.assert_close(found, grey.double().mean(dim=(1, 2, 3), keepdim=True).float(), atol=2**-16, rtol=1e-6)
    assert torch.equal(found[3:4], colour.mean_in_steps(grey[3:4]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("settings", EXACT + NEAR, ids=str)
def test_a_gpu_gives_the_numbers_of_the_cpu(settings: dict[str, Any]) -> None:
    (images, targets), (wanted, shares) = _varied(PIXELS.cuda(), settings), _varied(PIXELS, settings)
    if settings in EXACT:
        assert torch.equal(images.cpu(), wanted)
        assert torch.equal(targets.cpu(), shares)
        return
    # Sampling rounds otherwise there: a value by some ten thousandths, and of the nearest pixels one in ten thousand.
    far = (images.cpu() - wanted).abs() > 1e-3
    assert float(far.float().mean()) < 1e-4
