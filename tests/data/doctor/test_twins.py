from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from atalho.data import layouts
from atalho.data.decoding.survey import Survey, survey
from atalho.data.doctor import small, twins
from atalho.data.doctor.problem import Problem
from atalho.data.manifest import Manifest

Tree = Callable[..., Path]


def scene(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 255, (5, 5, 3), dtype=np.uint8)).resize((40, 40))


def examined(root: Path) -> dict[str, Problem]:
    manifest = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    found = survey(manifest)
    return {problem.kind: problem for problem in problems_of(manifest, found)}


def problems_of(manifest: Manifest, found: Survey) -> list[Problem]:
    seen = small.shrink(manifest, found)
    return list(twins.problems(manifest, twins.find(manifest, found.digests, seen.grey, seen.good)))


def photos(root: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        scene(seed).save(root / name)
    return root


NAMES = ("train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "train/dog/2.png", "test/cat/9.png", "test/dog/9.png")


def test_different_images_are_no_twins(tmp_path: Path) -> None:
    assert examined(photos(tmp_path, *NAMES)) == {}


def test_the_same_image_in_two_splits(tmp_path: Path) -> None:
    photos(tmp_path, *NAMES)
    scene(0).save(tmp_path / "test" / "cat" / "copy.png")
    found = examined(tmp_path)
    assert set(found) == {"same-in-splits"}
    problem = found["same-in-splits"]
    assert (problem.path, problem.others) == ("test/cat/copy.png", ("train/cat/1.png",))
    assert str(problem.message) == "in test; the same image is train/cat/1.png in train"
    assert problem.severity == "bends"


def test_the_same_image_under_two_labels(tmp_path: Path) -> None:
    photos(tmp_path, *NAMES)
    scene(0).save(tmp_path / "train" / "dog" / "copy.png")
    found = examined(tmp_path)
    assert set(found) == {"same-in-classes"}
    assert str(found["same-in-classes"].message) == "labelled dog; the same image train/cat/1.png is labelled cat"


def test_the_same_image_twice_in_a_class_is_worth_knowing(tmp_path: Path) -> None:
    photos(tmp_path, *NAMES)
    for name in ("a", "b"):
        scene(0).save(tmp_path / "train" / "cat" / f"{name}.png")
    manifest = layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)
    found = survey(manifest)
    problems = problems_of(manifest, found)
    # Removing what is named leaves one.
    assert [(problem.kind, problem.path) for problem in problems] == [
        ("same-in-class", "train/cat/a.png"),
        ("same-in-class", "train/cat/b.png"),
    ]
    assert {str(problem.severity) for problem in problems} == {"note"}


def test_almost_the_same_image_in_two_splits_and_classes(tmp_path: Path) -> None:
    photos(tmp_path, *NAMES)
    scene(0).save(tmp_path / "test" / "dog" / "copy.jpg", quality=85)
    found = examined(tmp_path)
    assert set(found) == {"similar-in-splits", "similar-in-classes"}
    assert str(found["similar-in-splits"].message) == "in test; almost the same image is train/cat/1.png in train"
    assert {problem.path for problem in found.values()} == {"test/dog/copy.jpg"}


def test_images_alike_by_way_of_others_are_one_group() -> None:
    alike = twins.Alike(np.array([0, 1, 0, 2, -1, 3, 4]), np.array([[1, 3], [3, 5], [0, 1]]))
    groups = alike.groups().tolist()
    assert len({groups[number] for number in (0, 1, 2, 3, 5)}) == 1
    assert len(set(groups)) == 3
