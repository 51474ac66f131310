"""A turned image is the image, turned, under an id and a label of its own."""

import numpy as np
import torch

from atalho.data import rotated
from atalho.data.images import PackedImages
from atalho.data.rotated import RotatedImages


def test_ids_labels_and_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 1), np.uint8)
    plain = PackedImages(pixels, [])
    images = RotatedImages(plain)
    ids = rotated.turned(np.array([0, 2]), 3)
    assert len(images) == 12
    assert ids.tolist() == [0, 2, 3, 5, 6, 8, 9, 11]
    labels = rotated.turned_labels(np.array([0, 1, 1]), 2)
    assert labels[ids].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    for number in ids.tolist():
        expected = torch.rot90(plain[np.array([number % 3])], number // 3, (2, 3))
        assert torch.equal(images[np.array([number])], expected)


def test_batches_come_in_order_with_their_own_ids() -> None:
    images = RotatedImages(PackedImages(np.zeros((5, 2, 2, 1), np.uint8), []))
    batches = [np.array([19, 0]), np.array([7]), np.array([4, 5, 6])]
    for asked, (ids, pixels) in zip(batches, images.iterate(batches), strict=True):
        np.testing.assert_array_equal(asked, ids)
        assert pixels.shape == (len(asked), 1, 2, 2)
