"""One folder per class, without splits."""

from pathlib import Path

import pytest

from atalho.data.layouts import class_folders


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("cat/1.png", "cat/house/2.jpg", "dog/3.webp", "dog/page.html", "stray.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_images_belong_to_the_folder_below_the_root(photos: Path) -> None:
    found = class_folders.read(photos)
    rows = sorted(zip(found.names, found.classes, found.splits, strict=True))
    assert rows == [("cat/1.png", "cat", ""), ("cat/house/2.jpg", "cat", ""), ("dog/3.webp", "dog", "")]


def test_what_is_left_out_is_said(photos: Path) -> None:
    found = class_folders.read(photos)
    assert found.empty == [("", "empty")]
    assert list(map(str, found.notes)) == [
        f"1 image directly in {photos} belongs to no class: left out",
        f"1 file in {photos} does not have an image's suffix: left out",
    ]
