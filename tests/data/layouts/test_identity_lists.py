"""Sets that come with lists: what a damaged list says. What they read as is in `test_thirty`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.data.layouts import identities
from atalho.errors import DataError

Tree = Callable[..., Path]


def test_version_2_of_msmt17_has_other_folders(tree: Tree) -> None:
    root = tree("mask_train_v2/0000/0000_000_01_x_1.png", "mask_test_v2/0000/0000_000_07_x_1.png")
    (root / "list_train.txt").write_text("0000/0000_000_01_x_1.png 0\n")
    (root / "list_query.txt").write_text("0000/0000_000_07_x_1.png 0\n")
    (root / "list_gallery.txt").write_text("")
    listing = identities.read(root)
    assert listing.names == ["mask_train_v2/0000/0000_000_01_x_1.png", "mask_test_v2/0000/0000_000_07_x_1.png"]
    assert (listing.classes, listing.cameras) == (["train/0000", "test/0000"], ["01", "07"])


@pytest.mark.parametrize("line", ["0000/x.png 0", "0000/0000_000_01_x.png"])
def test_a_line_of_another_shape_is_refused(tree: Tree, line: str) -> None:
    root = tree("train/0000/x.png")
    for name in ("train", "query", "gallery"):
        (root / f"list_{name}.txt").write_text(f"\n{line}\n")
    with pytest.raises(DataError, match=r"list_train\.txt, line 2: expected a line such as 0000/"):
        identities.read(root)


def test_a_line_of_products_of_another_shape_is_refused(tree: Tree) -> None:
    root = tree("sofa_final/1_0.png")
    for name in ("Ebay_train.txt", "Ebay_test.txt"):
        (root / name).write_text("image_id class_id super_class_id path\n1 1 sofa_final/1_0.png\n")
    with pytest.raises(DataError, match=r"Ebay_train\.txt, line 2: expected a line such as 1 1 1"):
        identities.read(root)


def test_a_pattern_comes_before_the_lists(tree: Tree) -> None:
    root = tree("sofa_final/1_0.png")
    for name in ("Ebay_train.txt", "Ebay_test.txt"):
        (root / name).write_text("")
    assert identities.read(root, identity="*/{identity}_*").classes == ["1"]
