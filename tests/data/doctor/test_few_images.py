"""Who has few photographs is advised to start from trained weights; who has many, or small images, is not."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from atalho.data.decoding.survey import Survey
from atalho.data.doctor import few_images
from atalho.data.manifest import Manifest


def manifest(each: int, tested: int = 0) -> Manifest:
    """Two classes with so many training and test images."""
    count = 2 * (each + tested)
    return Manifest(
        root=Path("/data"),
        layout="split-folders",
        classes=("a", "b"),
        names=tuple(f"{number}.png" for number in range(count)),
        labels=np.arange(count) % 2,
        splits={"train": np.arange(2 * each), "test": np.arange(2 * each, count)},
    )


def surveyed(images: Manifest, width: int, height: int) -> Survey:
    ones = np.ones(len(images), np.int32)
    return Survey(width * ones, height * ones, np.zeros((len(images), 16), np.uint8), False, "")


def test_few_photographs_are_advised_to_start_from_weights() -> None:
    images = manifest(30)
    found = few_images.problem(images, surveyed(images, 112, 84))
    assert found is not None
    assert str(found.message).startswith("about 30 training images a class")
    assert "--from imagenet" in str(few_images.advice(images, surveyed(images, 112, 84)))


@pytest.mark.parametrize(("images", "side"), [(manifest(200), 112), (manifest(30), 64), (manifest(0, 30), 112)])
def test_many_images_small_ones_and_none_to_train_on_are_not(images: Manifest, side: int) -> None:
    assert few_images.problem(images, surveyed(images, side, side)) is None
    assert few_images.advice(images, surveyed(images, side, side)) is None


def test_test_images_do_not_make_many() -> None:
    images = manifest(30, tested=400)
    assert few_images.problem(images, surveyed(images, 112, 84)) is not None


def test_classes_without_training_images_do_not_make_few() -> None:
    images = manifest(200)
    images = dataclasses.replace(images, classes=("a", "b", "c"))
    assert few_images.problem(images, surveyed(images, 112, 84)) is None
