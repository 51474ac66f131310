"""The classes of a flat val/, from the files that are found beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.data.layouts import ground_truth
from atalho.data.layouts.recognition import recognise

Tree = Callable[..., Path]
IMAGES = ["val/v_3.png", "val/v_1.png", "val/v_2.png"]
TRAIN = ["train/n01/1.png", "train/n02/1.png"]


def found(root: Path) -> ground_truth.GroundTruth | None:
    return ground_truth.find(root, "val", IMAGES, {"n01", "n02"})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("val/truth.txt", "v_1.png n01\nv_2.png n02\nv_3.png n01\n"),
        ("truth.tsv", "image\tclass\nv_3\tn01\nv_2\tn02\nval/v_1.png\tn01\n"),
        ("labels.txt", "n01\nn02\nn01\n"),
        ("../../LOC_val_solution.csv", "ImageId,PredictionString\nv_1,n01 1 2 3 4\nv_2,n02 0 0\nv_3,n01 0\n"),
    ],
)
def test_names_with_classes_or_classes_in_order(tree: Tree, tmp_path: Path, file: str, text: str) -> None:
    root = tree(*(f"ILSVRC/Data/{name}" for name in (*TRAIN, *IMAGES))) / "ILSVRC" / "Data"
    (root / file).write_text(text)
    truth = found(root)
    assert truth is not None
    assert truth.classes == {"val/v_1.png": "n01", "val/v_2.png": "n02", "val/v_3.png": "n01"}
    listing = recognise(root)
    assert sorted(zip(listing.names, listing.classes, listing.splits, strict=True))[2:] == [
        ("val/v_1.png", "n01", "val"),
        ("val/v_2.png", "n02", "val"),
        ("val/v_3.png", "n01", "val"),
    ]
    assert list(map(str, listing.notes)) == [f"val: its classes are in {Path(file).name}"]


@pytest.mark.parametrize(
    "text", ["v_1.png n01\n", "v_1.png n03\nv_2.png n03\nv_3.png n03\n", "n01\nn02\n", "a note about it\n"]
)
def test_what_is_about_something_else_says_nothing(tree: Tree, text: str) -> None:
    root = tree(*TRAIN, *IMAGES)
    (root / "truth.txt").write_text(text)
    assert found(root) is None
    listing = recognise(root)
    assert (listing.names, listing.unlabelled) == (TRAIN, ["val"])


def test_images_that_a_file_does_not_name_are_counted(tree: Tree) -> None:
    root = tree(*TRAIN, *IMAGES)
    (root / "truth.txt").write_text("v_1.png n01\nv_2.png n02\n")
    listing = recognise(root)
    assert listing.splits.count("val") == 2
    assert "1 images are not in it: left out" in str(listing.notes[0])


def test_numbers_in_an_order_of_their_own_are_not_guessed(tree: Tree) -> None:
    root = tree(*TRAIN, *IMAGES)
    (root / "val" / "ILSVRC2012_validation_ground_truth.txt").write_text("490\n361\n171\n")
    listing = recognise(root)
    assert (listing.names, listing.unlabelled) == (TRAIN, ["val"])
    assert "meta.mat" in str(listing.notes[0])
    assert "LOC_val_solution.csv" in str(listing.notes[0])
