import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from atalho.data import layouts
from atalho.data.manifest import Manifest
from atalho.errors import DataError

Tree = Callable[..., Path]


def read(path: Path, **changes: float) -> Manifest:
    options = {"val_fraction": 0.1, "test_fraction": 0.2, "split_seed": 0} | changes
    return layouts.read(path, **options)  # type: ignore[arg-type]


def many(*classes: str, count: int = 10) -> list[str]:
    return [f"{name}/{number}.png" for name in classes for number in range(count)]


def split_names(manifest: Manifest, split: str) -> list[str]:
    return [manifest.names[number] for number in manifest.splits[split]]


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
@pytest.mark.parametrize("val", ["val", "valid", "Validation", "eval", "dev"])
def test_the_folders_are_the_splits_under_any_usual_name(tree: Tree, train: str, val: str) -> None:
    manifest = read(tree(*many(f"{train}/b", f"{train}/a"), *many(f"{val}/a", f"{val}/b", "test/a", "test/b", count=2)))
    assert manifest.layout == "split-folders"
    assert manifest.classes == ("a", "b")
    assert {split: manifest.counts(split).tolist() for split in manifest.splits} == {
        "train": [10, 10],
        "val": [2, 2],
        "test": [2, 2],
    }
    assert all(name.startswith(f"{val}/") for name in split_names(manifest, "val"))
    assert any("as given" in str(note) for note in manifest.notes)


def test_class_folders_without_splits_are_split_by_class_and_seed(tree: Tree) -> None:
    root = tree(*many("b", "a", "c"))
    manifest = read(root)
    assert manifest.layout == "class-folders"
    for split, expected in {"train": 7, "val": 1, "test": 2}.items():
        assert manifest.counts(split).tolist() == [expected] * 3
    assert sorted(np.concatenate(list(manifest.splits.values())).tolist()) == list(range(30))
    assert manifest.to_json() == read(root).to_json()
    assert split_names(manifest, "test") != split_names(read(root, split_seed=1), "test")


def test_validation_is_held_out_of_train_where_only_test_is_given(tree: Tree) -> None:
    manifest = read(tree(*many("train/a", "train/b"), *many("test/a", "test/b", count=3)))
    assert manifest.counts("val").tolist() == [1, 1]
    assert manifest.counts("test").tolist() == [3, 3]
    assert all(name.startswith("train/") for name in split_names(manifest, "val"))
    assert any("val made by Atalho" in str(note) for note in manifest.notes)


def test_train_and_val_without_test_stay_so(tree: Tree) -> None:
    manifest = read(tree(*many("train/a", "train/b", "val/a", "val/b", count=3)))
    assert set(manifest.splits) == {"train", "val"}


def test_no_fraction_makes_no_split(tree: Tree) -> None:
    assert set(read(tree(*many("a", "b")), val_fraction=0, test_fraction=0).splits) == {"train"}


def test_images_may_lie_deeper_and_hidden_and_other_files_do_not_count(tree: Tree) -> None:
    root = tree("a/1.png", "a/x/y/2.PNG", "a/.hidden.png", "b/1.png", ".git/3.png", "__MACOSX/a/1.png")
    (root / "a" / "README.txt").write_text("about a")
    (root / "a" / "weights.bin").write_bytes(b"1")
    manifest = read(root)
    assert manifest.names == ("a/1.png", "a/x/y/2.PNG", "b/1.png")
    assert [str(note) for note in manifest.notes if "suffix" in str(note)] == [
        f"1 file in {root} does not have an image's suffix: left out"
    ]


def test_links_are_followed_and_a_ring_of_links_ends(tree: Tree, tmp_path: Path) -> None:
    root = tree("a/1.png", "b/1.png")
    elsewhere = tree("2.png", root=tmp_path / "elsewhere")
    (root / "a" / "linked").symlink_to(elsewhere)
    (root / "a" / "ring").symlink_to(root / "a")
    assert read(root).names == ("a/1.png", "a/linked/2.png", "b/1.png")


def test_a_folder_named_like_an_image_is_kept_to_be_reported(tree: Tree) -> None:
    root = tree("a/1.png", "b/1.png")
    (root / "a" / "2.png").mkdir()
    os.mkfifo(root / "b" / "2.png")
    (root / "b" / "3.jpg").symlink_to(root / "nowhere")
    assert read(root).names == ("a/1.png", "a/2.png", "b/1.png", "b/2.png", "b/3.jpg")


def test_a_class_called_train_is_no_split(tree: Tree) -> None:
    assert read(tree(*many("train", "car", "bus", count=3))).classes == ("bus", "car", "train")


def test_an_only_folder_around_the_data_is_entered(tree: Tree) -> None:
    root = tree(*many("imagenette/train/a", "imagenette/train/b", count=4))
    assert read(root).root == root / "imagenette"


def test_an_empty_class_is_named_and_shifts_nothing(tree: Tree) -> None:
    root = tree(*many("train/a", "train/c", "test/c", count=4))
    (root / "train" / "b").mkdir()
    manifest = read(root)
    assert manifest.classes == ("a", "c")
    assert manifest.labels.tolist() == [manifest.classes.index(name.split("/")[1]) for name in manifest.names]
    assert "the class folder b holds no image: left out" in map(str, manifest.notes)
    assert "1 class has no image in test: a" in map(str, manifest.notes)


def test_loose_images_are_named(tree: Tree) -> None:
    root = tree("1.png", "2.png", *many("a", "b"))
    assert f"2 images directly in {root} belong to no class: left out" in map(str, read(root).notes)


def test_whole_folder_of_classes_for_evaluation(tree: Tree) -> None:
    root = tree("c/1.png", "a/1.png", "a/2.png")
    manifest = layouts.read_test(root, ("a", "b", "c"))
    assert set(manifest.splits) == {"test"}
    assert manifest.classes == ("a", "b", "c")
    assert manifest.labels.tolist() == [0, 0, 2]
    assert "1 class has no image in test: b" in map(str, manifest.notes)


def test_the_test_split_for_evaluation(tree: Tree) -> None:
    root = tree(*many("train/a", "train/b", "test/b", count=2))
    manifest = layouts.read_test(root, ("a", "b"))
    assert manifest.names == ("test/b/0.png", "test/b/1.png")
    assert manifest.labels.tolist() == [1, 1]


def test_only_a_test_folder_will_do_for_evaluation(tree: Tree) -> None:
    root = tree(*many("test/a", "test/b", count=2))
    assert len(layouts.read_test(root, ("a", "b"))) == 4
    with pytest.raises(DataError, match="has images for test but none for train"):
        read(root)


def fails(root: Path, *parts: str) -> None:
    with pytest.raises(DataError) as caught:
        read(root)
    for part in parts:
        assert part in str(caught.value)


def test_error_of_a_path_that_does_not_exist(tree: Tree) -> None:
    root = tree("photos/a/1.png")
    fails(root / "fotos", f"{root / 'fotos'} does not exist. Did you mean photos?")
    fails(root / "nowhere" / "deep", "does not exist.")


def test_hints_are_few(tree: Tree) -> None:
    root = tree(*(f"class{number:03d}/1.png" for number in range(30)))
    with pytest.raises(DataError) as caught:
        layouts.read_test(root, tuple(f"other{number}" for number in range(30)))
    assert str(caught.value).endswith("is not a class of the model.")
    fails(root / "clas005", "Did you mean", "class005")


def test_error_of_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "no images in", "Accepted: a folder with train/<class>/")


def test_error_of_splits_without_class_folders(tree: Tree) -> None:
    root = tree("train/1.png", "train/2.png", "test/1.png")
    fails(root, f"no images in {root}. 1 image directly in {root / 'test'} belongs to no class: left out. 2 images")


def test_error_of_images_without_class_folders(tree: Tree) -> None:
    fails(tree("1.png", "2.png"), "the 2 images in", "are not in class folders")


def test_error_of_one_class(tree: Tree) -> None:
    fails(
        tree("only/1.png", "only/2.png"),
        "has only one class with training images, only: a classifier needs at least two",
    )


def test_error_of_a_class_that_train_does_not_have(tree: Tree) -> None:
    root = tree(*many("train/cat", "train/dog", count=2), "test/cats/9.png")
    fails(
        root, "class cats (1 images, such as test/cats/9.png) is not a class of the training split", "Did you mean cat?"
    )


def test_error_of_two_folders_for_one_split(tree: Tree) -> None:
    root = tree(*many("train/a", "train/b", "val/a", "valid/a", count=2))
    fails(root, "val and valid in", "both mean val")


def test_error_of_a_file_of_another_kind(tmp_path: Path) -> None:
    file = tmp_path / "data.zip"
    file.write_bytes(b"PK")
    fails(file, "is not a supported kind of file")


def test_error_of_a_class_that_the_model_does_not_have(tree: Tree) -> None:
    with pytest.raises(DataError, match=r"class dogs \(1 images.*is not a class of the model. Did you mean dog\?"):
        layouts.read_test(tree("cat/1.png", "dogs/1.png"), ("cat", "dog"))


def test_a_large_folder_is_listed_without_touching_its_files(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(*many("a", "b", count=50))
    opened: list[str] = []
    monkeypatch.setattr(Path, "open", lambda self, *rest, **more: opened.append(str(self)))
    read(root)
    assert opened == []


@pytest.mark.parametrize("deep", ["", "sub/"])
def test_a_table_that_names_no_images_does_not_hide_the_class_folders(tree: Tree, deep: str) -> None:
    root = tree(*many(f"a/{deep}x", f"b/{deep}x"))
    (root / "empty").mkdir()
    (root / "notes.csv").write_text("date,weather\n1,sun\n")
    manifest = read(root)
    assert manifest.layout == "class-folders"
    assert manifest.classes == ("a", "b")


def test_a_table_of_images_among_folders_is_found(tree: Tree) -> None:
    root = tree("images/1.png", "images/2.png")
    (root / "notes.csv").write_text("date,weather\n1,sun\n")
    (root / "labels.tsv").write_text("path\tlabel\nimages/1.png\ta\nimages/2.png\tb\n")
    assert read(root).layout == "csv"


def test_the_only_table_beside_loose_images_says_what_it_lacks(tree: Tree) -> None:
    root = tree("1.png", "2.png")
    (root / "labels.csv").write_text("file,class\n1.png,a\n")
    with pytest.raises(DataError, match="has the columns file, class; required: path,label"):
        read(root)
