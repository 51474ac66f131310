from pathlib import Path

import pytest

from atalho.data.layouts.scan import images_below, is_image_name, list_folder
from atalho.errors import DataError


@pytest.mark.parametrize("name", ["1.jpg", "1.JPEG", "a.b.png", "1.webp", "1.tif", "1.heic"])
def test_names_of_images(name: str) -> None:
    assert is_image_name(name)


@pytest.mark.parametrize("name", ["1.txt", "jpg", "1.jpg.part", "1.", "1.npy"])
def test_names_of_other_files(name: str) -> None:
    assert not is_image_name(name)


def test_content_is_sorted_by_bytes_and_sorted_into_kinds(tmp_path: Path) -> None:
    for name in ("b.png", "B.png", "é.png", "a.txt", "z.xyz", ".x.png", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"")
    for name in ("folder", "picture.png", ".git"):
        (tmp_path / name).mkdir()
    found = list_folder(tmp_path)
    assert found.images == ["B.png", "b.png", "picture.png", "é.png"]
    assert found.folders == ["folder"]
    assert found.others == ["a.txt", "z.xyz"]
    assert found.odd == 1
    assert list_folder(tmp_path, classes=True).folders == ["folder", "picture.png"]


def test_images_at_any_depth_come_in_one_order(tmp_path: Path) -> None:
    for name in ("a/2.png", "a/1.png", "a/c/5.png", "a/b/4.png", "a/b/x.xyz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert images_below(tmp_path, "a") == (["a/1.png", "a/2.png", "a/b/4.png", "a/c/5.png"], 1)


def test_error_of_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the folder .*: No such file"):
        list_folder(tmp_path / "nowhere")


def test_a_link_back_to_a_folder_above_adds_no_image(tmp_path: Path) -> None:
    (tmp_path / "train" / "cat").mkdir(parents=True)
    (tmp_path / "train" / "cat" / "1.png").touch()
    (tmp_path / "train" / "dog").mkdir()
    (tmp_path / "train" / "dog" / "2.png").touch()
    (tmp_path / "train" / "cat" / "up").symlink_to("..")
    (tmp_path / "train" / "cat" / "top").symlink_to("../..")
    (tmp_path / "train" / "all").symlink_to(".")
    assert images_below(tmp_path, "train/cat")[0] == ["train/cat/1.png"]
    assert images_below(tmp_path, "train/all")[0] == []
