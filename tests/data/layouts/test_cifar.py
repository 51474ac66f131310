import pickle
from pathlib import Path

import numpy as np
import pytest

from atalho.data import layouts
from atalho.data.manifest import Manifest
from atalho.errors import DataError

ROWS = np.random.default_rng(0).integers(0, 256, (30, 3072), dtype=np.uint8)
LABELS = [number % 3 for number in range(30)]
NAMES = ["ship", "cat", "dog"]


def read(path: Path) -> Manifest:
    return layouts.read(path, val_fraction=0, test_fraction=0, split_seed=0)


def check(manifest: Manifest, train: int = 20) -> None:
    assert manifest.layout == "cifar"
    assert manifest.classes == ("cat", "dog", "ship")
    assert manifest.labels.tolist() == [(2, 0, 1)[label] for label in LABELS]
    assert manifest.pixels is not None
    assert manifest.pixels.shape == (30, 32, 32, 3)
    # From the definition: red plane, green plane, blue plane, each row by row.
    assert manifest.pixels[7, 3, 5].tolist() == [ROWS[7, plane * 1024 + 3 * 32 + 5] for plane in range(3)]
    assert manifest.splits["train"].tolist() == list(range(train))
    assert manifest.splits["test"].tolist() == list(range(train, 30))


def python_2(value: object) -> bytes:
    """The instructions that Python 2 and the NumPy of the time wrote: text as bytes, arrays by _reconstruct."""
    if isinstance(value, dict):
        return b"}(" + b"".join(python_2(key) + python_2(item) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(python_2, value)) + b"e"
    if isinstance(value, int):
        return b"M" + value.to_bytes(2, "little")
    if isinstance(value, str):
        return b"U" + bytes([len(value)]) + value.encode()
    assert isinstance(value, np.ndarray)
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"".join(map(python_2, value.shape)) + b"\x86"
    return (
        made
        + b"(K\x01"
        + shape
        + kind
        + b"\x89T"
        + len(value.tobytes()).to_bytes(4, "little")
        + value.tobytes()
        + b"tb"
    )


@pytest.mark.parametrize("protocol", [0, 2, 3, 4])
def test_python_batches_of_cifar_10(tmp_path: Path, protocol: int) -> None:
    def dump(value: object) -> bytes:
        return b"\x80\x02" + python_2(value) + b"." if protocol == 0 else pickle.dumps(value, protocol)

    for number in range(1, 6):
        part = slice(4 * (number - 1), 4 * number)
        batch = {"data": ROWS[part], "labels": LABELS[part], "filenames": ["x.png"] * 4}
        (tmp_path / f"data_batch_{number}").write_bytes(dump(batch))
    (tmp_path / "test_batch").write_bytes(dump({"data": ROWS[20:], "labels": LABELS[20:]}))
    (tmp_path / "batches.meta").write_bytes(dump({"label_names": NAMES}))
    check(read(tmp_path))


def test_python_batches_of_cifar_100(tmp_path: Path) -> None:
    for name, part in (("train", slice(0, 20)), ("test", slice(20, 30))):
        batch = {"data": ROWS[part], "fine_labels": LABELS[part], "coarse_labels": [0] * len(LABELS[part])}
        (tmp_path / name).write_bytes(pickle.dumps(batch, 2))
    (tmp_path / "meta").write_bytes(pickle.dumps({"fine_label_names": NAMES}, 2))
    check(read(tmp_path))


def test_binary_batches_of_cifar_10_in_a_folder_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    records = np.concatenate([np.array(LABELS, np.uint8)[:, None], ROWS], axis=1)
    records[:20].tofile(folder / "data_batch_1.bin")
    records[20:].tofile(folder / "test_batch.bin")
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    manifest = read(tmp_path)
    check(manifest)
    assert any("missing CIFAR batches: data_batch_2.bin" in str(note) for note in manifest.notes)


def test_binary_batches_of_cifar_100(tmp_path: Path) -> None:
    two = np.array([[9, label] for label in LABELS], np.uint8)
    records = np.concatenate([two, ROWS], axis=1)
    records[:20].tofile(tmp_path / "train.bin")
    records[20:].tofile(tmp_path / "test.bin")
    (tmp_path / "fine_label_names.txt").write_text("\n".join(NAMES))
    check(read(tmp_path))


def test_errors_of_damaged_batches(tmp_path: Path) -> None:
    (tmp_path / "batches.meta.txt").write_text("a\nb\n")
    (tmp_path / "data_batch_1.bin").write_bytes(b"0" * 3072)
    with pytest.raises(DataError, match="is damaged: its size, 3072 bytes, is not a multiple of 3073"):
        read(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(b"\7" * 3073)
    with pytest.raises(DataError, match="labels from 7 to 7, but there are 2 class names"):
        read(tmp_path)


def test_error_of_a_batch_without_its_parts(tmp_path: Path) -> None:
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}))
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": [1, 2]}))
    with pytest.raises(DataError, match="is not a CIFAR batch"):
        read(tmp_path)
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({"names": NAMES}))
    with pytest.raises(DataError, match="has no class names"):
        read(tmp_path)


def test_error_of_class_names_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "batches.meta.txt").write_text("avião\ngato\n", encoding="latin-1")
    (tmp_path / "data_batch_1.bin").write_bytes(b"\0" * 3073)
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read(tmp_path)
