import json
import os
import tarfile
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.data import layouts, samples
from atalho.errors import DataError


def test_fashion_is_a_data_set_of_real_images(fashion: Path) -> None:
    manifest = layouts.read(fashion, val_fraction=0.1, test_fraction=0.2, split_seed=0)
    assert manifest.classes == tuple(
        sorted(["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"])
    )
    assert (manifest.counts("train") + manifest.counts("val")).tolist() == [600] * 10
    assert manifest.counts("test").tolist() == [100] * 10
    assert not any("left out" in str(note) for note in manifest.notes)
    with Image.open(fashion / "train" / "bag" / "0000.png") as image:
        assert (image.mode, image.size) == ("L", (28, 28))
    assert "Zalando" in (fashion / "LICENSE.txt").read_text(encoding="utf-8")


def test_no_image_of_fashion_is_in_both_splits(fashion: Path) -> None:
    train = {path.read_bytes() for path in (fashion / "train").rglob("*.png")}
    test = {path.read_bytes() for path in (fashion / "test").rglob("*.png")}
    assert len(train & test) <= 1
    assert len(train) > 5990


def test_omniglot_has_every_character_of_every_drawer(tmp_path: Path) -> None:
    root = samples.unpack("omniglot", tmp_path / "omniglot")
    files = sorted(root.rglob("*.png"))
    identities = Counter(file.parent.relative_to(root).as_posix() for file in files)
    assert len(identities) == 136
    assert set(identities.values()) == {20}
    assert {file.stem.split("_")[1] for file in files} == {f"{drawer:02d}" for drawer in range(1, 21)}
    with Image.open(root / "Greek" / "character03" / "0396_01.png") as image:
        assert (image.mode, image.size) == ("1", (105, 105))
    assert "Brenden Lake" in (root / "LICENSE.txt").read_text()


def test_the_samples_are_small_enough_to_ship() -> None:
    folder = Path(samples.__file__).parent
    archives = [file for file in folder.iterdir() if file.name.endswith((".zip", ".tar.xz"))]
    assert sum(file.stat().st_size for file in archives) < 7_000_000
    assert {file.name.partition(".")[0] for file in archives} == set(samples.SAMPLES)


def test_trash_is_photographs_in_classes_of_unequal_size(tmp_path: Path) -> None:
    root = samples.unpack("trash", tmp_path / "trash")
    counts = Counter(file.parent.name for file in root.rglob("*.jpg"))
    assert counts == {"paper": 544, "glass": 501, "plastic": 482, "metal": 409, "cardboard": 403, "trash": 137}
    assert layouts.read(root, val_fraction=0.1, test_fraction=0.2, split_seed=0).classes == tuple(sorted(counts))
    with Image.open(root / "glass" / "glass1.jpg") as image:
        assert (image.mode, image.size) == ("RGB", (112, 84))
    assert "Gary Thung" in (root / "LICENSE.txt").read_text()
    assert samples.unpack("trash", root) == root
    (root / "glass" / "glass1.jpg").unlink()
    with pytest.raises(DataError, match="is not empty"):
        samples.unpack("trash", root)


def test_a_tar_whose_names_lead_out_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar.xz", "w:xz") as file:
        entry = tarfile.TarInfo("../out.jpg")
        entry.size = 1
        file.addfile(entry, BytesIO(b"x"))
    with pytest.raises(DataError, match="points outside its folder"):
        samples.unpack_archive(tmp_path / "bad.tar.xz", tmp_path / "made")
    assert not (tmp_path / "out.jpg").exists()
    assert not (tmp_path / "made").exists()


def strips(path: Path, *names: str) -> Path:
    """An archive with one strip of small images."""
    pixels = np.arange(len(names) * 16, dtype=np.uint8).reshape(-1, 4)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("index.json", json.dumps({"name": "tiny", "strips": {"strip.png": names}}))
        file.writestr("LICENSE.txt", "free")
        file.writestr("strip.png", buffer.getvalue())
    return path


def test_strips_become_files_from_top_to_bottom(tmp_path: Path) -> None:
    archive = strips(tmp_path / "a.zip", "train/a/0.png", "test/b/1.png")
    root = samples.unpack_archive(archive, tmp_path / "deep" / "out")
    for number, name in enumerate(("train/a/0.png", "test/b/1.png")):
        with Image.open(root / name) as image:
            np.testing.assert_array_equal(np.asarray(image).flatten(), np.arange(16) + 16 * number)
    assert [entry.name for entry in root.parent.iterdir()] == ["out"]


def test_an_empty_folder_is_filled_and_a_complete_one_left(tmp_path: Path) -> None:
    archive = strips(tmp_path / "a.zip", "a/0.png", "b/1.png")
    (tmp_path / "out").mkdir()
    root = samples.unpack_archive(archive, tmp_path / "out")
    before = (root / "a/0.png").stat().st_mtime_ns
    assert samples.unpack_archive(archive, tmp_path / "out") == root
    assert (root / "a/0.png").stat().st_mtime_ns == before


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    archive = strips(tmp_path / "a.zip", "a/0.png", "b/1.png")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(DataError, match=r"mine is not empty. Give a new folder for the sample"):
        samples.unpack_archive(archive, tmp_path / "mine")
    root = samples.unpack_archive(archive, tmp_path / "out")
    (root / "a" / "0.png").unlink()
    with pytest.raises(DataError, match="out is not empty"):
        samples.unpack_archive(archive, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file is a file"):
        samples.unpack_archive(archive, tmp_path / "file")


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "a/../../x.png", "C:/x.png", "a\\..\\x.png", ""])
def test_a_name_that_leads_out_writes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    archive = strips(tmp_path / "a.zip", "a/0.png", name)
    with pytest.raises(DataError, match="points outside its folder"):
        samples.unpack_archive(archive, tmp_path / "in" / "out")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip", "in"]
    assert list((tmp_path / "in").iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = strips(tmp_path / "a.zip", "a/0.png", "b/1.png")

    def full(*_rest: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(DataError, match=r"cannot write the sample to .*out: No space left on device"):
        samples.unpack_archive(archive, tmp_path / "out")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zip"]


def test_error_of_an_unknown_sample(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unknown sample 'fashon'. Did you mean fashion\?"):
        samples.unpack("fashon", tmp_path)
