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


def found(images: Manifest, side: int = 64) -> dict[str, str]:
    return {problem.kind: str(problem.message) for problem in few_images.problems(images, surveyed(images, side, side))}


def test_classes_with_too_few_images_to_learn_or_to_measure_are_named() -> None:
    assert found(manifest(20, tested=10)) == {}
    kinds = found(manifest(19, tested=9))
    assert kinds["few-training"] == "2 classes have fewer than 20 training images, such as a with 19"
    assert kinds["few-test"].startswith("2 classes have fewer than 10 test images, such as a with 9")
    assert kinds["few-test"].endswith("to within ±27 percentage points")


def test_a_class_with_next_to_nothing_is_told_of_elsewhere() -> None:
    images = manifest(20, tested=10)
    few = dataclasses.replace(
        images,
        classes=("a", "b", "c"),
        names=(*images.names, "c.png", "d.png"),
        labels=np.append(images.labels, [2, 2]),
        splits={"train": np.append(images.splits["train"], len(images)), "test": images.splits["test"]},
    )
    assert found(few) == {}


def test_too_few_validation_images_to_calibrate_on() -> None:
    images = manifest(60, tested=10)
    images = dataclasses.replace(images, splits=images.splits | {"train": np.arange(71), "val": np.arange(71, 120)})
    assert found(images) == {
        "few-validation": "49 validation images: probabilities are not calibrated on fewer than 50"
    }
