from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.data.layouts import split_folders
from atalho.data.layouts.scan import list_folder

Tree = Callable[..., Path]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train/a/1.png", "test/a/1.png"], True),
        (["Training/a/1.png", "extras/a/1.png"], True),
        (["test/a/1.png"], True),
        (["train/1.png", "val/1.png"], True),  # splits without class folders: the error is told later
        (["train/1.png", "car/1.png"], False),  # a class called train
        (["a/1.png", "test/1.png"], False),
        (["a/train/1.png"], False),
    ],
)
def test_which_folders_are_splits(tree: Tree, names: list[str], expected: bool) -> None:
    root = tree(*names)
    assert split_folders.matches(root, list_folder(root, classes=True)) is expected


def test_a_folder_that_is_no_split_is_named(tree: Tree) -> None:
    root = tree("train/a/1.png", "train/b/1.png", "extras/a/1.png", "loose.png")
    listing = split_folders.read(root, list_folder(root, classes=True))
    assert listing.names == ["train/a/1.png", "train/b/1.png"]
    assert listing.classes == ["a", "b"]
    assert listing.splits == ["train", "train"]
    assert list(map(str, listing.notes)) == [
        "the folder extras is none of train, val, test: left out",
        f"1 image directly in {root} belongs to no class: left out",
    ]
