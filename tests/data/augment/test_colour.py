from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from atalho.data.augment import colour

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 9, 7, 3), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize(
    ("change", "oracle"),
    [
        (colour.brightness, ImageEnhance.Brightness),
        (colour.contrast, ImageEnhance.Contrast),
        (colour.saturation, ImageEnhance.Color),
        (colour.sharpness, ImageEnhance.Sharpness),
    ],
)
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
def test_changes_are_those_of_pillow(
    change: Callable[[Tensor, Tensor], Tensor], oracle: Callable[[Image.Image], ImageEnhance._Enhance], factor: float
) -> None:
    found = change(IMAGES, torch.full((4,), factor)).permute(0, 2, 3, 1).numpy()
    for image, result in zip(PIXELS, found, strict=True):
        expected = np.asarray(oracle(Image.fromarray(image)).enhance(factor)).astype(float)
        assert np.abs(result - expected).max() < 2.1


def test_a_factor_of_one_changes_nothing() -> None:
    for change in (colour.brightness, colour.contrast, colour.saturation, colour.sharpness):
        torch.testing.assert_close(change(IMAGES, torch.ones(4)), IMAGES)


def test_each_image_has_its_own_factor() -> None:
    found = colour.brightness(IMAGES, torch.tensor([0.0, 1.0, 0.5, 0.0]))
    assert found[0].max() == 0
    assert torch.equal(found[1], IMAGES[1])
    assert torch.equal(found[2], IMAGES[2] / 2)


def test_jitter_stays_within_its_strength() -> None:
    grey = torch.full((2000, 3, 2, 2), 100.0)
    draws = np.random.default_rng(0).random((2000, 3), dtype=np.float32)
    found = colour.jitter(grey, draws, 0.4)
    assert 59.9 < float(found.min()) < 62
    assert 138 < float(found.max()) < 140.1
    torch.testing.assert_close(colour.jitter(grey, draws, 0.0), grey)


def test_grey_images_have_no_saturation() -> None:
    assert torch.equal(colour.saturation(IMAGES[:, :1], torch.zeros(4)), IMAGES[:, :1])
