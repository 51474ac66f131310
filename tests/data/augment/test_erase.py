import numpy as np
import torch

from atalho.data.augment import erase

DRAWS = np.random.default_rng(0).random((3000, erase.DRAWS), dtype=np.float32)


def test_a_share_of_the_images_loses_one_rectangle_of_the_promised_area() -> None:
    images = torch.ones(3000, 2, 20, 20)
    gone = (erase.erase(images, DRAWS, 0.4) == 0).numpy()
    assert (gone[:, 0] == gone[:, 1]).all()
    gone = gone[:, 0]
    touched = gone.any(axis=(1, 2))
    assert abs(touched.mean() - 0.4) < 0.03
    areas = gone[touched].mean(axis=(1, 2))
    assert areas.max() <= 0.45
    assert abs(areas.mean() - 0.2) < 0.02
    for mask in gone[touched][:200]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask.sum() == len(rows) * len(columns)  # a full rectangle
        assert (np.diff(rows) == 1).all()


def test_every_pixel_can_be_erased_and_the_given_images_stay() -> None:
    images = torch.ones(3000, 1, 8, 8)
    gone = erase.erase(images, DRAWS, 1.0) == 0
    assert gone.any(dim=0).all()
    assert images.min() == 1


def test_probability_zero_erases_nothing() -> None:
    images = torch.ones(100, 1, 8, 8)
    assert torch.equal(erase.erase(images, DRAWS[:100], 0.0), images)


def test_a_rectangle_of_known_size_and_place() -> None:
    box = erase.rectangle(
        np.array([2.0]), np.array([3.0]), np.array([0.99], np.float32), np.array([0.0], np.float32), 4, 5
    )
    assert box.pixels().tolist() == [6]
    assert box.on(torch.device("cpu"))[0].int().tolist() == [[0] * 5, [0] * 5, [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]
