"""Re-identification on disk: names tell identity and camera, whatever the digits; junk and distractors."""

from pathlib import Path

import pytest

from atalho.data.layouts import identities
from atalho.data.layouts.listing import Listing
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
    rows = list(zip(found.classes, found.cameras, found.splits, strict=True))
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
    assert found.classes == ["Greek/character03", "Greek/character03", "Latin/character01"]
    assert found.cameras == ["01", "20", "05"]
    assert set(found.splits) == {""}


def test_a_wrapper_folder_and_split_folders(tmp_path: Path) -> None:
    _touch(tmp_path, "set/train/a/1_01.png", "set/query/b/1_01.png", "set/Gallery/b/1_02.png", "set/notes/c/1_01.png")
    found = identities.read(tmp_path)
    assert sorted(zip(found.classes, found.splits, strict=True)) == [
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
    with pytest.raises(ConfigError, match="is not a valid regular expression"):
        identities.read(tmp_path, "(")
    with pytest.raises(ConfigError, match="put the camera in parentheses"):
        identities.read(tmp_path, "cam")


def test_one_name_without_a_camera_means_that_none_is_known(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1_01.png", "a/1.png")
    assert identities.read(tmp_path).cameras == ["", ""]


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("path;identity;camera;split\na.png;x;left;train\nb.png;y;right;gallery\n")
    found = identities.read(tmp_path / "all.csv")
    assert (found.names, found.classes) == (["a.png", "b.png"], ["x", "y"])
    assert (found.cameras, found.splits) == (["left", "right"], ["train", "gallery"])
    (tmp_path / "all.csv").write_text("path,identity,split\na.png,x,best\n")
    with pytest.raises(DataError, match="line 2: unknown split 'best'"):
        identities.read(tmp_path)
    (tmp_path / "all.csv").write_text("path,label\na.png,x\n")
    with pytest.raises(DataError, match="required: path,identity; optional: camera,split"):
        identities.read(tmp_path / "all.csv")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        identities.read(tmp_path / "x")
    with pytest.raises(DataError, match=r"no images in .*Accepted for re-identification: the folders of Market-1501"):
        identities.read(tmp_path)


def rows(found: Listing) -> list[tuple[str, str, str]]:
    return sorted(zip(found.classes, found.cameras, found.splits, strict=True))


def test_a_pattern_reads_identity_and_camera_from_the_path(tmp_path: Path) -> None:
    _touch(tmp_path, *(f"p{person}/cam{camera}/{camera}f.jpg" for person in range(2) for camera in range(2)))
    every = [("p0", "cam0", ""), ("p0", "cam1", ""), ("p1", "cam0", ""), ("p1", "cam1", "")]
    assert rows(identities.read(tmp_path, identity="{identity}/{camera}/*")) == every
    assert rows(identities.read(tmp_path, "*/{camera}/*", "{identity}/*")) == every
    assert [camera for _who, camera, _split in rows(identities.read(tmp_path, "none", "{identity}/*"))] == [""] * 4
    assert [row[1] for row in rows(identities.read(tmp_path, r"(\d)f", "{identity}/*"))] == ["0", "1"] * 2
    with pytest.raises(DataError, match="no images in"):
        identities.read(tmp_path, identity="{identity}-*")


def test_a_pattern_within_the_names_and_below_the_splits(tmp_path: Path) -> None:
    _touch(tmp_path, "train/0001_c1_x.jpg", "train/0002_c2_x.jpg", "test/0003_c1_x.jpg", "train/odd.jpg")
    found = identities.read(tmp_path, identity="{identity}_c{camera}_*")
    assert rows(found) == [("0001", "1", "train"), ("0002", "2", "train"), ("0003", "1", "test")]
    assert "the pattern {identity}_c{camera}_* does not fit 1 images, such as train/odd.jpg: left out" in map(
        str, found.notes
    )


def test_query_and_gallery_need_no_train_beside_them(tmp_path: Path) -> None:
    _touch(tmp_path, "query/p1/a_1.png", "gallery/p1/b_1.png", "gallery/p2/c_1.png", "query/loose.png")
    found = identities.read(tmp_path)
    assert [row[::2] for row in rows(found)] == [("p1", "gallery"), ("p1", "query"), ("p2", "gallery")]
    assert f"1 image directly in {tmp_path}/query belongs to no identity: left out" in map(str, found.notes)


def test_vehicles_named_as_people_in_folders_with_other_names(tmp_path: Path) -> None:
    _touch(tmp_path, "image_train/0001_c001_1_0.jpg", "image_query/0002_c002_1_0.jpg", "image_test/0002_c003_1_0.jpg")
    assert rows(identities.read(tmp_path)) == [("0001", "1", "train"), ("0002", "2", "query"), ("0002", "3", "gallery")]


def table_of(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "animals.csv"
    file.write_text(text)
    return file


def test_a_blank_camera_names_its_line(tmp_path: Path) -> None:
    text = "path,identity,camera\n1.jpg,a,1\n2.jpg,a,\n3.jpg,b,2\n"
    with pytest.raises(DataError, match=r"line 3: the camera is blank. Name it, or .* --data.camera none"):
        identities.read(table_of(tmp_path, text))
    assert identities.read(table_of(tmp_path, text), "none").cameras == ["", "", ""]
    assert identities.read(table_of(tmp_path, text), every=True).cameras == ["1", "", "2"]
    assert identities.read(table_of(tmp_path, "path,identity,camera\n1.jpg,a,\n2.jpg,b,\n")).cameras == ["", ""]


def test_a_blank_identity_is_for_a_gallery_alone(tmp_path: Path) -> None:
    file = table_of(tmp_path, "path,identity\n1.jpg,a\n2.jpg,\n")
    assert identities.read(file, every=True).classes == ["a", ""]
    with pytest.raises(DataError, match="line 3: path and identity must not be empty"):
        identities.read(file)


def test_a_column_of_a_table_may_serve_as_the_camera(tmp_path: Path) -> None:
    file = table_of(tmp_path, "path,identity,orientation\n1.jpg,a,left\n2.jpg,a,right\n")
    assert identities.read(file).cameras == ["", ""]
    assert identities.read(file, "orientation").cameras == ["left", "right"]


def test_the_only_table_with_the_columns_is_read_and_two_are_refused(tmp_path: Path) -> None:
    _touch(tmp_path, "images/1.jpg", "images/2.jpg")
    (tmp_path / "sample_submission.csv").write_text("image,score\n1,2\n")
    table_of(tmp_path, "path,identity\nimages/1.jpg,a\nimages/2.jpg,b\n")
    assert identities.read(tmp_path).classes == ["a", "b"]
    (tmp_path / "more.csv").write_text("path,identity\nimages/1.jpg,a\n")
    with pytest.raises(DataError, match=r"several tables of images and identities \(animals\.csv, more\.csv\)"):
        identities.read(tmp_path)
