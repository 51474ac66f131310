"""Near-duplicates among real images, and none where images are merely alike."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from atalho.data.doctor.similar import LIKENESS, similar_pairs

Grey = NDArray[np.uint8]


def scenes(count: int, seed: int = 0) -> Grey:
    """Pictures of smooth random shapes, (count, 32, 32)."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (count, 6, 6)).astype(np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((32, 32), Image.Resampling.BICUBIC)) for one in coarse])


def again(image: Grey, quality: int) -> Grey:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def resized(image: Grey) -> Grey:
    return np.asarray(Image.fromarray(image).resize((75, 75)).resize((32, 32), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("count", [30, 300, 3000])
def test_copies_are_found_among_any_number(count: int) -> None:
    images = scenes(count)
    copies = [
        again(images[1], 80),
        resized(images[2]),
        np.clip(images[3] * 0.7 + 40, 0, 255).astype(np.uint8),
    ]
    found = similar_pairs(np.concatenate([images, np.stack(copies)]))
    assert sorted(map(tuple, found.tolist())) == [(1, count), (2, count + 1), (3, count + 2)]


def test_alike_is_not_the_same(fashion: Path) -> None:
    """Trousers on black are much alike; a hundred of their correlations are above that of a copy stored anew."""
    files = sorted((fashion / "train" / "trouser").iterdir())
    images = np.stack([np.pad(np.asarray(Image.open(file)), 2) for file in files])
    vectors = (images - images.mean(axis=(1, 2), keepdims=True)).reshape(len(images), -1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (np.triu(vectors @ vectors.T, k=1) > LIKENESS).sum() > 100
    assert len(similar_pairs(images)) <= 3
    both = similar_pairs(np.concatenate([images, [again(images[7], 90)]]))
    assert [7, len(images)] in both.tolist()


def test_images_of_one_shade_are_no_copies_of_each_other() -> None:
    flat = np.stack([np.full((32, 32), shade, np.uint8) for shade in range(0, 250, 10)])
    assert len(similar_pairs(flat)) == 0
    assert len(similar_pairs(flat[:0])) == 0
    assert len(similar_pairs(scenes(1))) == 0


def test_pairs_are_ordered_and_the_same_each_time() -> None:
    images = scenes(1500)
    both = np.concatenate([images, images[::-1]])
    first, second = similar_pairs(both), similar_pairs(both)
    np.testing.assert_array_equal(first, second)
    assert (first[:, 0] < first[:, 1]).all()
    assert len(first) == 1500


def test_many_copies_of_one_image_take_no_square_time() -> None:
    """Each is compared with a few neighbours, and each is found to have a copy."""
    images = np.concatenate([scenes(3000), np.repeat(scenes(1, seed=9), 60, axis=0)])
    found = similar_pairs(images)
    assert set(range(3000, 3060)) <= set(found.ravel().tolist())
    assert len(found) <= 8 * 8 * 60
