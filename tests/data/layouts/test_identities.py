"""Re-identification on disk: names tell identity and camera, whatever the digits; junk and distractors."""

from pathlib import Path

import pytest

from atalho.data.layouts import identities
from atalho.errors import ConfigError, DataError


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_market_folders(tmp_path: Path) -> None:
    _touch(
        tmp_path,
        "bounding_box_train/0002_c1s1_000451_03.jpg",
        "bounding_box_train/0000_c1s1_000451_03.jpg",
        "query/0001_c12s1_001051_00.jpg",
        "bounding_box_test/0001_c003s1_001051_00.jpg",
        "bounding_box_test/-1_c1s1_000401_03.jpg",
        "bounding_box_test/0000_c1s1_000151_01.jpg",
        "bounding_box_test/readme.jpg",
    )
    found = identities.read(tmp_path)
    rows = list(zip(found.identities, found.cameras, found.splits, strict=True))
    assert rows == [
        ("0002", "1", "train"),
        ("0001", "12", "query"),
        ("0000", "1", "gallery"),
        ("0001", "3", "gallery"),
    ]
    assert list(map(str, found.notes)) == [
        "1 image is not named like 0001_c1s1_001051_00.jpg: left out",
        "1 junk image (-1): left out",
        "distractors (0000) belong into the gallery; 1 elsewhere: left out",
    ]


def test_each_folder_with_images_is_an_identity_named_by_its_path(tmp_path: Path) -> None:
    _touch(tmp_path, "Greek/character03/0394_01.png", "Greek/character03/0394_20.png", "Latin/character01/0683_05.png")
    found = identities.read(tmp_path)
    assert found.identities == ["Greek/character03", "Greek/character03", "Latin/character01"]
    assert found.cameras == ["01", "20", "05"]
    assert set(found.splits) == {""}


def test_a_wrapper_folder_and_split_folders(tmp_path: Path) -> None:
    _touch(tmp_path, "set/train/a/1_01.png", "set/query/b/1_01.png", "set/Gallery/b/1_02.png", "set/notes/c/1_01.png")
    found = identities.read(tmp_path)
    assert sorted(zip(found.identities, found.splits, strict=True)) == [
        ("a", "train"),
        ("b", "gallery"),
        ("b", "query"),
    ]
    assert list(map(str, found.notes)) == ["the folder notes is none of train, val, test, query, gallery: left out"]


def test_the_camera_by_a_pattern(tmp_path: Path) -> None:
    _touch(tmp_path, "a/cam7-x.png", "b/cam12-y.png")
    assert identities.read(tmp_path).cameras == ["", ""]
    assert identities.read(tmp_path, r"cam(\d+)").cameras == ["7", "12"]
    assert identities.read(tmp_path, "none").cameras == ["", ""]
    with pytest.raises(DataError, match=r"finds no camera in 1 names, such as b/cam12-y\.png"):
        identities.read(tmp_path, r"cam(7)")
    with pytest.raises(ConfigError, match="is no pattern"):
        identities.read(tmp_path, "(")
    with pytest.raises(ConfigError, match="put the camera into brackets"):
        identities.read(tmp_path, "cam")


def test_one_name_without_a_camera_means_that_none_is_known(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1_01.png", "a/1.png")
    assert identities.read(tmp_path).cameras == ["", ""]


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("path;identity;camera;split\na.png;x;left;train\nb.png;y;right;gallery\n")
    found = identities.read(tmp_path / "all.csv")
    assert (found.names, found.identities) == (["a.png", "b.png"], ["x", "y"])
    assert (found.cameras, found.splits) == (["left", "right"], ["train", "gallery"])
    (tmp_path / "all.csv").write_text("path,identity,split\na.png,x,best\n")
    with pytest.raises(DataError, match="line 2: unknown split 'best'"):
        identities.read(tmp_path)
    (tmp_path / "all.csv").write_text("path,label\na.png,x\n")
    with pytest.raises(DataError, match="needed are path,identity and, if wanted, camera,split"):
        identities.read(tmp_path / "all.csv")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        identities.read(tmp_path / "x")
    with pytest.raises(DataError, match=r"no images in .*Accepted for re-identification: the folders of Market-1501"):
        identities.read(tmp_path)
