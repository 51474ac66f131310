import numpy as np
import pytest
import torch
from PIL import Image

from atalho import chance
from atalho.data.augment import geometry

PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 12, 12, 3), dtype=np.uint8)).permute(
    0, 3, 1, 2
)


def draws(count: int = 20, seed: int = 0) -> np.ndarray:
    return chance.uniform(seed, "crop", 0, np.arange(count), geometry.DRAWS)


@pytest.mark.parametrize(("size", "pad"), [(12, 4), (12, 0), (9, 2), (10, 0), (12, 12), (9, 30)])
def test_pad_crop_is_a_window_of_the_padded_image(size: int, pad: int) -> None:
    """The slow way: pad each image, cut the window, mirror."""
    numbers = draws()
    found = geometry.pad_crop(PIXELS, numbers, size, pad, (1, 2, 3)).permute(0, 2, 3, 1).numpy()
    places = 12 + 2 * pad - size + 1
    for image, drawn, result in zip(PIXELS.permute(0, 2, 3, 1).numpy(), numbers, found, strict=True):
        padded = np.empty((12 + 2 * pad, 12 + 2 * pad, 3), np.uint8)
        padded[:] = (1, 2, 3)
        padded[pad : pad + 12, pad : pad + 12] = image
        top, left = int(drawn[1] * places), int(drawn[2] * places)
        window = padded[top : top + size, left : left + size]
        np.testing.assert_array_equal(result, window[:, ::-1] if drawn[0] < 0.5 else window)


def test_every_place_is_reached_equally_often() -> None:
    count = 9000
    one = torch.zeros(count, 1, 3, 3, dtype=torch.uint8)
    one[:, :, 1, 1] = 1
    numbers = draws(count)
    numbers[:, geometry.FLIP] = 1
    found = geometry.pad_crop(one, numbers, 3, 1, (0,))
    assert found.flatten(1).sum(dim=1).tolist() == [1] * count
    share = found.float().mean(dim=(0, 1))
    assert float((share - 1 / 9).abs().max()) < 0.02


def test_a_resized_crop_of_the_whole_image_is_the_image() -> None:
    numbers = np.full((20, geometry.DRAWS), 0.5, np.float32)
    numbers[:, 1] = 1
    numbers[:, 2] = np.log(4 / 3) / (np.log(4 / 3) - np.log(3 / 4))  # aspect 1
    found = geometry.resized_crop(PIXELS, numbers, 12, 0.25)
    torch.testing.assert_close(found, PIXELS.float(), atol=1e-2, rtol=0)
    numbers[:, geometry.FLIP] = 0
    torch.testing.assert_close(
        geometry.resized_crop(PIXELS, numbers, 12, 0.25), PIXELS.float().flip(3), atol=1e-2, rtol=0
    )


def test_a_resized_crop_enlarges_its_window_as_pillow_does() -> None:
    """Half the side from the middle, bilinear, away from the window's edge where Pillow stops."""
    numbers = np.full((20, geometry.DRAWS), 0.5, np.float32)
    numbers[:, 1], numbers[:, 2] = 0, np.log(4 / 3) / (np.log(4 / 3) - np.log(3 / 4))
    found = geometry.resized_crop(PIXELS, numbers, 12, 0.25)
    for image, result in zip(PIXELS, found, strict=True):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        expected = np.asarray(picture.resize((12, 12), Image.Resampling.BILINEAR, box=(3, 3, 9, 9))).astype(int)
        inner = (slice(2, -2), slice(2, -2))
        assert np.abs(result.permute(1, 2, 0).numpy()[inner] - expected[inner]).max() < 1.5


def test_windows_have_the_area_and_aspect_asked_for() -> None:
    """On an image whose colour is its place, the step between pixels tells the window's size."""
    count, side = 2000, 64
    ramp = np.arange(side, dtype=np.uint8) * 2
    image = np.stack([np.broadcast_to(ramp, (side, side)), np.broadcast_to(ramp[:, None], (side, side))])
    pixels = torch.from_numpy(image.copy()).expand(count, -1, -1, -1)
    numbers = draws(count)
    numbers[:, geometry.FLIP] = 1
    found = geometry.resized_crop(pixels, numbers, 16, 0.25)
    wide = (found[:, 0, 8, 9] - found[:, 0, 8, 7]).numpy() * 16 / 4 / side
    tall = (found[:, 1, 9, 8] - found[:, 1, 7, 8]).numpy() * 16 / 4 / side
    area = wide * tall
    assert 0.24 < area.min() < 0.27
    assert 0.9 < area.max() < 1.01
    whole = (wide < 0.999) & (tall < 0.999)
    aspect = (wide / tall)[whole]
    assert 0.74 < aspect.min() < 0.77
    assert 1.3 < aspect.max() < 1.34
    assert abs(np.median(area) - 0.62) < 0.04


def _images(count: int = 4) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 1, 12, 12), np.uint8))


def test_the_middle_of_every_draw_changes_nothing() -> None:
    images = _images()
    varied = geometry.affine(images, np.full((4, geometry.AFFINE_DRAWS), 0.5, np.float32), 1.0, (128,))
    torch.testing.assert_close(varied, images.float(), atol=1e-2, rtol=0)


def test_no_strength_changes_nothing() -> None:
    draws = np.random.default_rng(1).random((4, geometry.AFFINE_DRAWS), np.float32)
    torch.testing.assert_close(geometry.affine(_images(), draws, 0.0, (0,)), _images().float(), atol=1e-2, rtol=0)


def test_an_image_does_not_depend_on_the_others() -> None:
    draws = np.random.default_rng(1).random((4, geometry.AFFINE_DRAWS), np.float32)
    whole = geometry.affine(_images(), draws, 1.0, (10,))
    alone = geometry.affine(_images()[2:3], draws[2:3], 1.0, (10,))
    torch.testing.assert_close(whole[2:3], alone)
    assert not torch.allclose(whole, _images().float(), atol=5)


def test_what_moves_in_is_the_fill() -> None:
    draws = np.full((1, geometry.AFFINE_DRAWS), 0.5, np.float32)
    draws[0, 4] = 1.0  # a seventh of the side to the left
    varied = geometry.affine(torch.zeros(1, 1, 20, 20, dtype=torch.uint8), draws, 1.0, (200,))
    torch.testing.assert_close(varied[0, 0, :, -2:], torch.full((20, 2), 200.0))
    assert not varied[0, 0, :, :-4].any()


def test_shifts_stay_within_their_bounds() -> None:
    # A bright point at the middle never leaves the box that turning and shifting allow.
    images = torch.zeros(64, 1, 41, 41, dtype=torch.uint8)
    images[:, :, 20, 20] = 255
    draws = np.random.default_rng(2).random((64, geometry.AFFINE_DRAWS), np.float32)
    varied = geometry.affine(images, draws, 1.0, (0,))
    rows, columns = (varied[:, 0] > 20).any(2), (varied[:, 0] > 20).any(1)
    reach = int(41 * 0.15 * 1.6) + 2
    for seen in (rows, columns):
        where = seen.nonzero()[:, 1]
        assert where.min() >= 20 - reach
        assert where.max() <= 20 + reach
