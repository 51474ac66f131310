"""No identity is in two splits, and which is where depends on its name and the seed alone."""

from pathlib import Path

import numpy as np
import pytest

from atalho.data import open_set
from atalho.data.manifest import Manifest
from atalho.errors import DataError


def _alphabets(root: Path, sizes: dict[str, int]) -> Path:
    for alphabet, count in sizes.items():
        for character in range(count):
            for drawer in range(3):
                path = root / alphabet / f"character{character:02d}" / f"x_{drawer:02d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    return root


def _who(manifest: Manifest, split: str) -> set[str]:
    return {manifest.classes[label] for label in manifest.labels[manifest.splits[split]]}


def _read(root: Path, seed: int = 0, split_by: open_set.SplitBy = "identity") -> Manifest:
    return open_set.read(root, val_fraction=0.1, test_fraction=0.4, split_seed=seed, split_by=split_by)


def test_identities_are_in_one_split_and_those_of_training_come_first(tmp_path: Path) -> None:
    manifest = _read(_alphabets(tmp_path, {"a": 12, "b": 8}))
    train, val, test = (_who(manifest, split) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (10, 2, 8)
    assert not train & val | train & test | val & test
    assert sum(len(ids) for ids in manifest.splits.values()) == 60
    assert set(manifest.classes[: open_set.training_identities(manifest)]) == train
    assert manifest.camera_names == ("00", "01", "02")
    assert "identities (images): train 10 (30)" in str(manifest.notes[0])


def test_split_by_group_keeps_alphabets_whole(tmp_path: Path) -> None:
    manifest = _read(_alphabets(tmp_path, {"a": 4, "b": 5, "c": 6, "d": 7, "e": 8}), split_by="group")
    groups = {split: {name[0] for name in _who(manifest, split)} for split in ("train", "val", "test")}
    assert len(groups["test"]) == 2
    assert not groups["test"] & (groups["train"] | groups["val"])
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "x_01.png").touch()
    with pytest.raises(DataError, match="the identity z is not in a group"):
        _read(tmp_path, split_by="group")


def test_seeds_differ_and_new_identities_do_not_move_the_others(tmp_path: Path) -> None:
    root = _alphabets(tmp_path, {"a": 30})
    _alphabets(root, {"b": 1})
    before = _who(_read(root), "test")
    assert before != _who(_read(root, seed=1), "test")
    assert before == _who(_read(root), "test")
    _alphabets(root, {"c": 1})
    after = _who(_read(root), "test")
    assert len(before - after) <= 1


def test_queries_and_gallery_are_parts_of_the_test(tmp_path: Path) -> None:
    for name in ("train/a/1_1.png", "train/a/1_2.png", "train/b/1_1.png", "query/c/1_1.png", "gallery/c/1_2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    manifest = _read(tmp_path)
    queries, gallery = open_set.sides(manifest, "test")
    assert [manifest.names[i] for i in (*queries, *gallery)] == ["query/c/1_1.png", "gallery/c/1_2.png"]
    assert sorted(manifest.splits["test"]) == sorted([*queries, *gallery])
    whole = open_set.read_test(tmp_path)
    assert set(whole.splits) == {"test", "query", "gallery"}


def test_without_queries_every_image_is_one(tmp_path: Path) -> None:
    root = _alphabets(tmp_path, {"a": 5})
    queries, gallery = open_set.sides(_read(root), "test")
    np.testing.assert_array_equal(queries, gallery)
    whole = open_set.read_test(root)
    assert len(whole.splits["test"]) == 15


def test_a_manifest_with_cameras_survives_json(tmp_path: Path) -> None:
    manifest = _read(_alphabets(tmp_path, {"a": 5}))
    again = Manifest.from_json(manifest.to_json())
    assert manifest.cameras is not None
    assert again.cameras is not None
    np.testing.assert_array_equal(again.cameras, manifest.cameras)
    assert again.camera_names == manifest.camera_names
    with pytest.raises(DataError, match="do not match"):
        Manifest.from_json(manifest.to_json() | {"cameras": [0]})


def test_no_training_images(tmp_path: Path) -> None:
    for name in ("query/c/1_1.png", "gallery/c/1_2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "t.csv").write_text("path,identity,split\nquery/c/1_1.png,c,query\n")
    with pytest.raises(DataError, match="has images for query but none for train"):
        _read(tmp_path / "t.csv")
