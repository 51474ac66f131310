"""An affine distortion: nothing at the middle of its draws, bounded, each image by its own draws."""

import numpy as np
import torch

from atalho.data.augment import affine


def _images(count: int = 4) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 1, 12, 12), np.uint8))


def test_the_middle_of_every_draw_changes_nothing() -> None:
    images = _images()
    varied = affine.apply(images, np.full((4, affine.DRAWS), 0.5, np.float32), 1.0, (128,))
    torch.testing.assert_close(varied, images.float(), atol=1e-2, rtol=0)


def test_no_strength_changes_nothing() -> None:
    draws = np.random.default_rng(1).random((4, affine.DRAWS), np.float32)
    torch.testing.assert_close(affine.apply(_images(), draws, 0.0, (0,)), _images().float(), atol=1e-2, rtol=0)


def test_an_image_does_not_depend_on_the_others() -> None:
    draws = np.random.default_rng(1).random((4, affine.DRAWS), np.float32)
    whole = affine.apply(_images(), draws, 1.0, (10,))
    alone = affine.apply(_images()[2:3], draws[2:3], 1.0, (10,))
    torch.testing.assert_close(whole[2:3], alone)
    assert not torch.allclose(whole, _images().float(), atol=5)


def test_what_moves_in_is_the_fill() -> None:
    draws = np.full((1, affine.DRAWS), 0.5, np.float32)
    draws[0, 4] = 1.0  # a seventh of the side to the left
    varied = affine.apply(torch.zeros(1, 1, 20, 20, dtype=torch.uint8), draws, 1.0, (200,))
    torch.testing.assert_close(varied[0, 0, :, -2:], torch.full((20, 2), 200.0))
    assert not varied[0, 0, :, :-4].any()


def test_shifts_stay_within_their_bounds() -> None:
    # A bright point at the middle never leaves the box that turning and shifting allow.
    images = torch.zeros(64, 1, 41, 41, dtype=torch.uint8)
    images[:, :, 20, 20] = 255
    draws = np.random.default_rng(2).random((64, affine.DRAWS), np.float32)
    varied = affine.apply(images, draws, 1.0, (0,))
    rows, columns = (varied[:, 0] > 20).any(2), (varied[:, 0] > 20).any(1)
    reach = int(41 * 0.15 * 1.6) + 2
    for seen in (rows, columns):
        where = seen.nonzero()[:, 1]
        assert where.min() >= 20 - reach
        assert where.max() <= 20 + reach
