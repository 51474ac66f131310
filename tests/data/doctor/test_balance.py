import time
from pathlib import Path

import numpy as np

from atalho.data.doctor import balance
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Manifest


def manifest(**splits: list[str]) -> Manifest:
    """Images by split, each given by its class."""
    labels = [label for split in splits.values() for label in split]
    classes = tuple(sorted(set(labels)))
    places = {name: place for place, name in enumerate(classes)}
    bounds = np.cumsum([0, *map(len, splits.values())])
    return Manifest(
        root=Path("/data"),
        layout="split-folders",
        classes=classes,
        names=tuple(f"{label}/{number}.png" for number, label in enumerate(labels)),
        labels=np.array([places[label] for label in labels], dtype=np.int64),
        splits={name: np.arange(bounds[place], bounds[place + 1]) for place, name in enumerate(splits)},
    )


def problems(images: Manifest, grey: list[int] | None = None) -> list[Problem]:
    colourless = np.zeros(len(images), bool)
    colourless[grey or []] = True
    return list(balance.problems(images, colourless))


def kinds(images: Manifest, grey: list[int] | None = None) -> list[str]:
    return [problem.kind for problem in problems(images, grey)]


def test_balanced_classes_in_every_split() -> None:
    assert kinds(manifest(train=["a", "a", "b", "b"], test=["a", "b"])) == []


def test_the_only_image_of_a_class_is_named() -> None:
    (problem,) = problems(manifest(train=["a", "a", "b"], test=["a"]))
    assert (problem.kind, problem.path) == ("single-image", "b/2.png")


def test_a_class_missing_in_a_split() -> None:
    (problem,) = problems(manifest(train=["a", "a", "b", "b"], val=["a", "b"], test=["a"]))
    assert (problem.kind, str(problem.message)) == ("missing-in-split", "the class b has no image in test")


def test_a_class_without_readable_training_images_stops_a_run() -> None:
    whole = manifest(train=["a", "a", "b"], test=["a", "b"])
    (problem,) = [problem for problem in problems(whole.without([2])) if problem.kind == "class-unreadable"]
    assert problem.severity == "stops"


def test_imbalance_from_three_times_on() -> None:
    assert kinds(manifest(train=["a"] * 5 + ["b"] * 2, test=["a", "b"])) == []
    (problem,) = problems(manifest(train=["a"] * 6 + ["b"] * 2, test=["a", "b"]))
    assert str(problem.message) == "a has 6 training images, b has 2"


def test_a_class_that_is_told_by_its_lack_of_colour() -> None:
    images = manifest(train=["a", "a", "b", "b", "c", "c"], test=["a", "b", "c"])
    assert kinds(images, grey=[0, 2]) == []
    (problem,) = problems(images, grey=[0, 1, 6])
    assert problem.kind == "grey-class"
    assert str(problem.message).startswith("100% of the images of a are greyscale, but 0% of the others")


def test_classes_with_two_images() -> None:
    images = manifest(train=["a", "b", "c", "c"], test=["a", "b", "c", "c"])
    (found,) = [problem for problem in problems(images) if problem.kind == "few-images"]
    assert str(found.message).startswith("2 classes have fewer than 3 images, such as a with 2: too few")


def test_the_time_grows_with_the_classes_and_not_with_their_square() -> None:
    names = [f"c{place}" for place in range(20_000)]
    images, begun = manifest(train=names * 2, test=names), time.process_time()
    assert kinds(images, list(range(0, 60_000, 20_000))) == ["grey-class"]
    assert time.process_time() - begun < 10  # 2 s; looking at all images for each class took minutes


def test_classes_that_look_alike() -> None:
    images = manifest(train=["uva", "Uva", "ma\u00e7a", "pera"] * 3)
    found = [problem for problem in problems(images) if problem.kind == "alike-classes"]
    assert [str(problem.message) for problem in found] == ["the classes Uva and uva have names that look alike"]
