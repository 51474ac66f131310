import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from atalho.data import layouts
from atalho.data.layouts.idx import read_array
from atalho.errors import DataError


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, *, zipped: bool = False, prefix: str = "", images: int = 40) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (images + 6, 5, 4), dtype=np.uint8)
    labels = (np.arange(images + 6) % 3).astype(np.uint8)
    parts = {"train": slice(0, images), "t10k": slice(images, None)}
    for split, part in parts.items():
        for kind, array in (("images-idx3", pixels[part]), ("labels-idx1", labels[part])):
            content = idx_bytes(array)
            name = f"{prefix}{split}-{kind}-ubyte"
            (folder / f"{name}.gz").write_bytes(gzip.compress(content)) if zipped else (folder / name).write_bytes(
                content
            )
    return pixels


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("prefix", ["", "emnist-digits-"])
def test_pixels_labels_and_splits(tmp_path: Path, zipped: bool, prefix: str) -> None:
    pixels = write(tmp_path, zipped=zipped, prefix=prefix)
    manifest = layouts.read(tmp_path, val_fraction=0.1, test_fraction=0.2, split_seed=0)
    assert manifest.layout == "idx"
    assert manifest.classes == ("0", "1", "2")
    assert manifest.pixels is not None
    np.testing.assert_array_equal(manifest.pixels, pixels)
    assert manifest.splits["test"].tolist() == list(range(40, 46))
    assert len(manifest.splits["val"]) == 3
    assert manifest.labels.tolist() == [number % 3 for number in range(46)]
    assert manifest.names[40] == f"{prefix}t10k-images-idx3-ubyte{'.gz' if zipped else ''}#0"


def test_the_test_split_for_evaluation(tmp_path: Path) -> None:
    pixels = write(tmp_path)
    manifest = layouts.read_test(tmp_path, ("0", "1", "2"))
    assert manifest.pixels is not None
    np.testing.assert_array_equal(manifest.pixels, pixels[40:])
    assert len(manifest) == 6


def test_class_names_from_a_file_keep_their_meaning_when_sorted(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "labels.txt").write_text("shoe\nbag\ncoat\n")
    manifest = layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)
    assert manifest.classes == ("bag", "coat", "shoe")
    assert manifest.labels[:3].tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file of unsigned bytes"),
        (b"\0\0\x0d\1\0\0\0\1" + b"0000", "is not an IDX file of unsigned bytes"),
        (b"\0\0\x08\3\0\0", "ends in the middle of its header"),
        (b"\0\0\x08\1\0\0\0\5abc", "declares 5 bytes but has 3: it is damaged"),
        (b"\0\0\x08\1\0\0\0\2abc", "declares 2 bytes but has more: it is damaged"),
        (b"\0\0\x08\3" + b"\xff" * 12, "the maximum is 4294967296"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_errors_of_damaged_files(tmp_path: Path, content: bytes, message: str, zipped: bool) -> None:
    file = tmp_path / ("x.gz" if zipped else "x")
    file.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=message):
        read_array(file)


def test_error_of_a_damaged_gzip(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(idx_bytes(np.zeros(1000, np.uint8)))[:-9])
    with pytest.raises(DataError, match="Cannot read "):
        read_array(file)


def test_error_of_missing_labels(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="has files of test, but the one with the labels is missing"):
        layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)


def test_error_of_labels_that_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(DataError, match="do not match"):
        layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)


def test_error_of_two_data_sets_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path, prefix="emnist-letters-")
    write(tmp_path, prefix="emnist-digits-")
    with pytest.raises(DataError, match="has several data sets"):
        layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)


def test_error_of_class_names_in_another_encoding(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "labels.txt").write_text("calção\nbota\nbolsa\n", encoding="latin-1")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)


def test_error_of_images_without_pixels(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((4, 0, 0), np.uint8)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.array([0, 1, 0, 1], np.uint8)))
    with pytest.raises(DataError, match="the images of train have 0 × 0 pixels"):
        layouts.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)
