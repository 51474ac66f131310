"""Folders as archives and people leave them: the splits and classes are found, or a refusal says both readings."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from atalho.data import layouts, open_set
from atalho.data.manifest import Manifest
from atalho.errors import DataError

Tree = Callable[..., Path]


def read(path: Path, **asked: str) -> Manifest:
    return layouts.read(path, val_fraction=0, test_fraction=0.2, split_seed=0, **asked)  # type: ignore[arg-type]


def images(*folders: str, count: int = 3) -> list[str]:
    return [f"{folder}/{number}.png" for folder in folders for number in range(count)]


def counts(manifest: Manifest) -> dict[str, list[int]]:
    return {split: manifest.counts(split).tolist() for split in manifest.splits}


@pytest.mark.parametrize(
    "names",
    [
        ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("treino", "teste"),
        ("Treinamento", "TESTE"),
        ("train_images", "test_images"),
        ("data/train", "data/test"),
        ("set/train/images", "set/test/images"),
        ("pets_train", "pets_test"),
    ],
)
def test_splits_by_many_names(tree: Tree, names: tuple[str, str]) -> None:
    train, test = names
    manifest = read(tree(*images(f"{train}/cat", f"{train}/dog", count=4), *images(f"{test}/cat", f"{test}/dog")))
    assert manifest.classes == ("cat", "dog")
    assert counts(manifest) == {"train": [4, 4], "test": [3, 3]}
    assert str(manifest.found) == "found: train, test; 2 classes; 14 images"


def test_splits_in_portuguese_in_both_forms_of_unicode(tree: Tree) -> None:
    val = unicodedata.normalize("NFD", "validação")
    root = tree(*(name for split in ("treino", val, "teste") for name in images(f"{split}/gato", f"{split}/cão")))
    manifest = read(root)
    assert counts(manifest) == {"train": [3, 3], "val": [3, 3], "test": [3, 3]}


def test_a_data_set_among_folders_without_images(tree: Tree) -> None:
    root = tree(*images("pets/train/cat", "pets/train/dog"))
    (root / "docs").mkdir()
    (root / "docs" / "readme.txt").write_text("about")
    assert read(root).root == root / "pets"


def test_splits_within_classes(tree: Tree) -> None:
    manifest = read(tree(*images("cat/train", "dog/train", "cat/test", "dog/test")))
    assert manifest.classes == ("cat", "dog")
    assert counts(manifest) == {"train": [3, 3], "test": [3, 3]}


def test_the_same_set_once_more_inside(tree: Tree) -> None:
    root = tree(*images("sick", "well", "cells/sick", "cells/well", count=5))
    manifest = read(root)
    assert manifest.classes == ("sick", "well")
    assert len(manifest) == 10
    assert "the folder cells holds a second copy of the same images: left out" in map(str, manifest.notes)


def test_another_set_inside_is_refused(tree: Tree) -> None:
    root = tree(*images("sick", "well"), "more/sick/8.png", "more/well/9.png")
    with pytest.raises(DataError, match=r"more holds folders called as those .*--data\.class '\*\*/\{class\}/\*'"):
        read(root)
    manifest = read(root, class_pattern="**/{class}/*")
    assert manifest.classes == ("sick", "well")
    assert len(manifest) == 8


def test_two_readings_are_refused_and_an_option_chooses(tree: Tree) -> None:
    root = tree(*images("fit/red", "fit/blue", "holdout/red", "holdout/blue"))
    with pytest.raises(DataError) as caught:
        read(root)
    assert "the folders fit, holdout all hold the same folders blue, red" in str(caught.value)
    assert "If blue, red are: --data.class '*/{class}/*'. If fit, holdout are: --data.class '{class}/*'" in str(
        caught.value
    )
    assert read(root, class_pattern="*/{class}/*").classes == ("blue", "red")
    assert read(root, class_pattern="{class}/*").classes == ("fit", "holdout")
    # A model knows which are its classes.
    assert layouts.read_test(root, ("blue", "red")).labels.tolist() == [0, 0, 0, 1, 1, 1] * 2
    assert layouts.read_test(root, ("fit", "holdout")).labels.tolist() == [0] * 6 + [1] * 6


@pytest.mark.parametrize("test", ["test/images", "test/test", "test", "test_images/unlabelled"])
def test_a_test_without_labels_is_left_alone(tree: Tree, test: str) -> None:
    manifest = read(tree(*images("train/cat", "train/dog", test)))
    assert counts(manifest) == {"train": [3, 3]}
    assert str(manifest.found) == "found: train, test; 2 classes; 6 images; test has no labels and is left alone"


def test_a_test_class_that_is_none_is_still_an_error(tree: Tree) -> None:
    with pytest.raises(DataError, match=r"class cats .* is not a class of the training split"):
        read(tree(*images("train/cat", "train/dog", "test/cats")))


def test_a_pattern_reads_the_class_and_the_split(tree: Tree) -> None:
    root = tree(*images("train/a", "train/b"), "train/odd.png")
    assert read(root, class_pattern="{class}/*").classes == ("a", "b")
    flat = tree("cat.1.png", "cat.2.png", "dog.1.png", "dog.2.png", "x.png", root=root.parent / "flat")
    manifest = read(flat, class_pattern="{class}.*")
    assert manifest.classes == ("cat", "dog")
    assert "the pattern {class}.* does not fit 1 images, such as x.png: left out" in map(str, manifest.notes)
    parted = tree(*images("a/fold/Training", "b/fold/Training"), *images("a/fold/teste"), root=root.parent / "parted")
    assert counts(read(parted, class_pattern="{class}/*/{split}/*")) == {"train": [3, 3], "test": [3, 0]}
    with pytest.raises(DataError, match="finds the split 'fold', which is none of train, val, test"):
        read(parted, class_pattern="{class}/{split}/*")


def test_groups_stay_in_one_split(tree: Tree) -> None:
    names = [f"{kind}/{patient}_{number}.png" for kind in "ab" for patient in range(10) for number in range(4)]
    manifest = layouts.read(tree(*names), val_fraction=0.2, test_fraction=0.2, split_seed=0, group_pattern="{group}_*")
    parts = {
        split: {manifest.names[number].split("/")[1].split("_")[0] for number in ids}
        for split, ids in manifest.splits.items()
    }
    assert {split: len(groups) for split, groups in parts.items()} == {"train": 7, "val": 1, "test": 2}
    assert not parts["train"] & parts["test"] | parts["train"] & parts["val"] | parts["val"] & parts["test"]
    assert counts(manifest)["test"] == [8, 8]


def test_two_spellings_of_a_class_are_one(tree: Tree) -> None:
    nfc, nfd = (unicodedata.normalize(form, "maçã") for form in ("NFC", "NFD"))
    manifest = read(tree(*images(f"train/{nfc}", "train/uva", f"test/{nfd}", "test/uva")))
    assert manifest.classes == (nfc, "uva")
    assert counts(manifest) == {"train": [3, 3], "test": [3, 3]}
    assert any("NFC and NFD) count as one class" in str(note) for note in manifest.notes)
    assert layouts.read_test(manifest.root, (nfd, "uva")).counts("test").tolist() == [3, 3]


def test_splits_are_made_of_what_can_be_read(tree: Tree) -> None:
    root = tree(*images("a", "b", count=10))
    every = layouts.read(root, val_fraction=0.1, test_fraction=0.2, split_seed=0)
    bad = [*every.splits["test"].tolist(), int(every.splits["train"][0])]
    manifest = layouts.read(root, val_fraction=0.1, test_fraction=0.2, split_seed=0, unreadable=bad)
    kept = manifest.without(bad)
    assert not set(bad) & {*manifest.splits["val"].tolist(), *manifest.splits["test"].tolist()}
    assert counts(kept)["test"] == [1, 1]
    assert "splits: train 11, val 2, test 2; train, val, test made by Atalho, stratified, seed 0" in map(
        str, manifest.notes
    )
    assert sorted(np.concatenate(list(manifest.splits.values())).tolist()) == list(range(20))


def test_all_images_may_be_unreadable(tree: Tree) -> None:
    manifest = layouts.read(
        tree(*images("a", "b")), val_fraction=0.1, test_fraction=0.2, split_seed=0, unreadable=range(6)
    )
    assert manifest.splits["train"].tolist() == list(range(6))
    assert set(manifest.splits) == {"train"}


def test_a_class_whose_name_is_not_utf_8_is_refused(tree: Tree) -> None:
    root = tree(*images("tea", os.fsdecode(b"caf\xe9")))
    with pytest.raises(DataError, match=r"the name of the folder caf\ufffd is not valid UTF-8. Rename it"):
        read(root)
    with pytest.raises(DataError, match="is not valid UTF-8"):
        open_set.read(root, val_fraction=0, test_fraction=0, split_seed=0)
