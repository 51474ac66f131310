"""Which side is kept and seen, and what becomes of the pixels."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from atalho.data.decoding.fit import Fit
from atalho.data.decoding.survey import Survey
from atalho.data.images import PackedImages
from atalho.data.preprocessing import (
    Preprocessing,
    centre_crop,
    channel_statistics,
    choose_size,
    normalise,
    stored_side,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)


def survey(*sides: tuple[int, int]) -> Survey:
    widths, heights = np.array(sides, np.int32).T
    return Survey(widths, heights, np.empty((0, 16), np.uint8), False, "")


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([(28, 28)] * 3, 28),
        ([(32, 32)] * 3, 32),
        ([(30, 30)] * 3, 32),
        ([(64, 64)] * 3, 64),
        ([(40, 48)] * 3, 40),
        ([(8, 8)] * 3, 16),
        ([(28, 28), (0, 0), (28, 28)], 28),
        ([(32, 32), (33, 32), (50, 40)], 32),
        ([(90, 70)] * 2, 64),
        ([(105, 105)] * 3, 128),
        ([(500, 375), (100, 100), (640, 480)], 224),
        ([(0, 0)], 32),
    ],
)
def test_the_side_follows_the_images(sides: list[tuple[int, int]], expected: int) -> None:
    assert choose_size(survey(*sides)) == expected


def test_large_images_are_kept_with_room_for_crops() -> None:
    assert [stored_side(size) for size in (28, 32, 64, 128, 224)] == [28, 32, 64, 146, 256]


def batch(count: int = 30) -> torch.Tensor:
    return torch.from_numpy(PIXELS[:count]).permute(0, 3, 1, 2)


def _prepared(pixels: torch.Tensor, size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
    preprocessing = Preprocessing(size=size, resize=pixels.shape[2], channels=len(mean), mean=mean, std=std)
    return preprocessing.apply(pixels)


def test_the_middle_is_taken_and_normalised_by_channel() -> None:
    mean, std = (0.2, 0.4, 0.6), (0.1, 0.2, 0.3)
    images = _prepared(batch(), 4, mean, std)
    assert images.shape == (30, 3, 4, 4)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    for channel in range(3):
        expected = (PIXELS[:, 1:5, 1:5, channel] / 255 - mean[channel]) / std[channel]
        np.testing.assert_allclose(images[:, channel].numpy(), expected, atol=1e-5)


def test_an_image_does_not_depend_on_its_batch() -> None:
    together = _prepared(batch(), 5, (0.1,) * 3, (0.7,) * 3)
    for number in range(30):
        alone = _prepared(batch()[number : number + 1], 5, (0.1,) * 3, (0.7,) * 3)
        assert torch.equal(together[number], alone[0])


def test_a_crop_of_the_whole_is_the_whole() -> None:
    assert torch.equal(centre_crop(batch(), 6), batch())


def test_normalising_changes_nothing_that_the_caller_has() -> None:
    pixels = batch().float()
    before = pixels.clone()
    normalise(pixels, (0.5,) * 3, (0.5,) * 3)
    assert torch.equal(pixels, before)


def test_statistics_are_those_of_the_pixels_asked_for() -> None:
    mean, std = channel_statistics(PackedImages(PIXELS, ()), np.arange(10, 30))
    np.testing.assert_allclose(mean, (PIXELS[10:] / 255).mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, (PIXELS[10:] / 255).std(axis=(0, 1, 2)), rtol=1e-9)


def test_statistics_do_not_depend_on_the_order() -> None:
    images = PackedImages(PIXELS, ())
    assert channel_statistics(images, np.arange(30)) == channel_statistics(images, np.arange(30)[::-1])


def test_a_constant_channel_comes_out_as_zero() -> None:
    flat = PackedImages(np.full((3, 4, 4, 1), 77, np.uint8), ())
    mean, std = channel_statistics(flat, np.arange(3))
    images = _prepared(flat[np.arange(3)], 4, mean, std)
    assert std == (1.0,)
    assert images.abs().max() < 1e-6


def test_of_many_images_ten_thousand_are_counted() -> None:
    pixels = np.zeros((30_000, 1, 1, 1), np.uint8)
    pixels[15_000:] = 255
    mean, _std = channel_statistics(PackedImages(pixels, ()), np.arange(30_000))
    assert mean == (0.5,)


def test_what_is_resized_as_always_is_stored_as_always() -> None:
    old = {"size": 28, "resize": 32, "channels": 1, "mean": [0.5], "std": [0.2], "max_pixels": 1000, "tiff": False}
    adapter = TypeAdapter(Preprocessing)
    prepared = adapter.validate_python(old)
    assert prepared.fit == Fit(32, "bilinear", None)
    assert adapter.dump_python(prepared, mode="json") == old
    new = old | {"interpolation": "bicubic", "whole": True}
    assert adapter.validate_python(new).fit == Fit(32, "bicubic", 28)
    assert adapter.dump_python(adapter.validate_python(new), mode="json") == new
    with pytest.raises(ValidationError, match="'bicubic'"):
        adapter.validate_python(old | {"interpolation": "bycubic"})


def test_another_size_keeps_the_way_of_resizing_and_its_margin() -> None:
    whole = Preprocessing(224, 235, 1, (0.5,), (0.2,), interpolation="bicubic", whole=True)
    assert [whole.fit_for(size) for size in (224, 320, 20)] == [
        Fit(235, "bicubic", 224),
        Fit(336, "bicubic", 320),
        Fit(21, "bicubic", 20),
    ]
    own = Preprocessing(32, 32, 1, (0.5,), (0.2,))
    assert [own.fit_for(size) for size in (32, 224)] == [Fit(32), Fit(256)]
