import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from atalho.data.augment import trivial

PIXELS = np.random.default_rng(0).integers(20, 200, (6, 32, 32, 3), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float()
NAMES = list(trivial.OPERATIONS)


def apply(name: str, level: float, sign: float = 0.9) -> np.ndarray:
    draws = np.empty((6, trivial.DRAWS), np.float32)
    draws[:, 0] = (NAMES.index(name) + 0.5) / len(NAMES)
    draws[:, 1], draws[:, 2] = level, sign
    return trivial.apply(IMAGES, draws, (100, 110, 120)).permute(0, 2, 3, 1).numpy()


def pictures() -> list[Image.Image]:
    return [Image.fromarray(image) for image in PIXELS]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("autocontrast", "equalize", "solarize")])
def test_no_strength_changes_nothing(name: str) -> None:
    np.testing.assert_allclose(apply(name, 0.0), PIXELS, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "identity"])
def test_full_strength_changes_the_image_and_keeps_its_range(name: str) -> None:
    found = apply(name, 0.999)
    assert found.min() >= 0
    assert found.max() <= 255
    assert (found != PIXELS).any(axis=(1, 2, 3)).all()


def test_autocontrast_and_equalize_are_those_of_pillow() -> None:
    for name, oracle in (("autocontrast", ImageOps.autocontrast), ("equalize", ImageOps.equalize)):
        expected = np.stack([np.asarray(oracle(picture)) for picture in pictures()]).astype(float)
        assert np.abs(apply(name, 0.5) - expected).max() <= 1


def test_equalize_of_a_flat_image_leaves_it() -> None:
    flat = torch.full((2, 3, 4, 4), 77.0)
    assert torch.equal(trivial.equalize(flat, torch.zeros(2)), flat)
    assert torch.equal(trivial.autocontrast(flat, torch.zeros(2)), flat)


def test_posterize_and_solarize_are_those_of_pillow_at_full_strength() -> None:
    expected = np.stack([np.asarray(ImageOps.posterize(picture, 2)) for picture in pictures()])
    np.testing.assert_array_equal(apply("posterize", 0.999), expected)
    expected = np.stack([np.asarray(ImageOps.solarize(picture, 0)) for picture in pictures()])
    np.testing.assert_array_equal(apply("solarize", 0.999), expected)


@pytest.mark.parametrize(("sign", "shift"), [(0.9, 16), (0.1, -16)])
def test_translation_moves_by_half_the_image_and_shows_the_mean(sign: float, shift: int) -> None:
    found = apply("translate x", 0.999, sign)
    seen = PIXELS[:, :, 16:] if shift > 0 else PIXELS[:, :, :16]
    kept, empty = (found[:, :, :16], found[:, :, 16:]) if shift > 0 else (found[:, :, 16:], found[:, :, :16])
    np.testing.assert_allclose(kept, seen, atol=1e-3)
    np.testing.assert_allclose(empty, np.broadcast_to([100, 110, 120], empty.shape), atol=1e-3)


def test_rotation_by_a_right_angle() -> None:
    strength = 90 / 135
    found = trivial.rotate(IMAGES, torch.full((6,), strength)).permute(0, 2, 3, 1).numpy()
    turned = [np.stack([np.rot90(image, turns) for image in PIXELS]) for turns in (1, 3)]
    assert any(np.abs(found - wanted).max() < 1e-3 for wanted in turned)
