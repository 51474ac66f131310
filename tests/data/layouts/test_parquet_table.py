import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parquet_files import picture, write

from atalho.data import layouts, open_set
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import survey
from atalho.data.layouts.patterns import PathPatterns
from atalho.data.manifest import Manifest
from atalho.errors import ConfigError, DataError

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
NAMES = {"label": ("dog", "cat")}


def read(path: Path, class_pattern: str | None = None) -> Manifest:
    return layouts.read(path, val_fraction=0, test_fraction=0.25, split_seed=0, class_pattern=class_pattern)


def shard(root: Path, name: str, first: int = 0, count: int = 8, **options: Any) -> Path:
    images = [picture(number) for number in range(first, first + count)]
    labels = {"label": [number % 2 for number in range(count)]}
    return write(root / name, images, labels, **{"names": NAMES, **options})


def named(manifest: Manifest) -> list[str]:
    return [manifest.classes[label] for label in manifest.labels]


def test_shards_are_splits_and_a_class_has_the_name_that_the_file_notes(tmp_path: Path) -> None:
    shard(tmp_path, "data/train-00000-of-00002.parquet")
    shard(tmp_path, "data/train-00001-of-00002.parquet", 8, 2)
    shard(tmp_path, "data/validation-00000-of-00001-b21cdaf64baa.parquet", 10, 2)
    shard(tmp_path, "data/test-00000-of-00001.parquet", 12, 4)
    manifest = read(tmp_path)
    assert (manifest.layout, manifest.classes) == ("parquet", ("cat", "dog"))
    assert {split: len(ids) for split, ids in manifest.splits.items()} == {"train": 10, "val": 2, "test": 4}
    assert manifest.names[4] == "data/train-00000-of-00002.parquet#0"
    assert manifest.names[-1] == "data/validation-00000-of-00001-b21cdaf64baa.parquet#1"
    assert named(manifest)[:4] == ["dog", "cat", "dog", "cat"]


def test_split_folders_hold_shards_too(tmp_path: Path) -> None:
    for split, count in (("train", 6), ("test", 4)):
        shard(tmp_path, f"default/{split}/0000.parquet", count, count)
    manifest = read(tmp_path)
    assert {split: len(ids) for split, ids in manifest.splits.items()} == {"train": 6, "test": 4}
    assert manifest.names[0] == "default/test/0000.parquet#0"


@pytest.mark.parametrize("given", ["", "animals/train-00000-of-00001.parquet"])
def test_a_file_alone_is_all_data(tmp_path: Path, given: str) -> None:
    shard(tmp_path, "animals/train-00000-of-00001.parquet")
    manifest = read(tmp_path / given)
    assert {split: len(ids) for split, ids in manifest.splits.items()} == {"train": 6, "test": 2}
    assert len(layouts.read_test(tmp_path / given, ("cat", "dog"))) == 8


def test_a_file_of_no_split_is_left_out_beside_splits(tmp_path: Path) -> None:
    for name in ("train.parquet", "test.parquet", "unsupervised.parquet"):
        shard(tmp_path, name)
    manifest = read(tmp_path)
    assert len(manifest) == 16
    assert "the file unsupervised.parquet is none of train, val, test: left out" in map(str, manifest.notes)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["b", "a"] * 4, ("a", "b")),
        (pyarrow.array([" b ", "a"] * 4).dictionary_encode(), ("a", "b")),
        (pyarrow.array([11, 2] * 4, pyarrow.uint8()), ("11", "2")),
        ([True, False] * 4, ("False", "True")),
    ],
)
def test_labels_of_other_types(tmp_path: Path, labels: Any, classes: tuple[str, ...]) -> None:
    write(tmp_path / "a.parquet", [picture(n) for n in range(8)], {"Class": labels}, image="IMG", plain=True)
    manifest = read(tmp_path)
    assert manifest.classes == classes
    assert named(manifest) == [classes[1], classes[0]] * 4 if classes[0] != "11" else named(manifest)[:2] == ["11", "2"]


def test_another_column_is_chosen_by_its_name(tmp_path: Path) -> None:
    images = [picture(number) for number in range(8)]
    columns = {"fine_label": [0, 1, 2, 3] * 2, "coarse_label": [0, 1] * 4}
    names = {"fine_label": "abcd", "coarse_label": "xy"}
    file = write(tmp_path / "a.parquet", images, columns, image="img", names=names)
    assert read(tmp_path, "fine_label").classes == ("a", "b", "c", "d")
    assert read(file, "coarse_label").classes == ("x", "y")
    for given, needed in ((None, "'label'"), ("{class}/*", "'{class}/\\*'")):
        with pytest.raises(DataError, match=f"columns img, fine_label.* none called {needed}: .* --data.class COLUMN"):
            read(tmp_path, given)


def test_a_test_without_labels_is_left_alone_but_not_a_row(tmp_path: Path) -> None:
    images = [picture(number) for number in range(4)]
    shard(tmp_path, "train.parquet")
    write(tmp_path / "test.parquet", images, {"label": [-1] * 4}, names=NAMES)
    manifest = read(tmp_path)
    assert len(manifest) == 8
    assert "test has no labels and is left alone" in str(manifest.found)
    write(tmp_path / "test.parquet", images, {"label": [0, None, 1, 0]}, names=NAMES)
    with pytest.raises(DataError, match=r"test\.parquet, row 1: the label is missing"):
        read(tmp_path)


def test_a_column_says_the_split(tmp_path: Path) -> None:
    images = [picture(number) for number in range(8)]
    columns = {"label": list("abab" * 2), "split": ["train"] * 4 + ["valid"] * 2 + ["teste"] * 2}
    write(tmp_path / "a.parquet", images, columns)
    assert {split: len(ids) for split, ids in read(tmp_path).splits.items()} == {"train": 4, "val": 2, "test": 2}
    write(tmp_path / "a.parquet", images, columns | {"split": ["train"] * 7 + ["holdout"]})
    with pytest.raises(DataError, match=r"row 7: unknown split 'holdout'"):
        read(tmp_path)


def test_identities_and_cameras(tmp_path: Path) -> None:
    images = [picture(number) for number in range(8)]
    whose = {"identity": list("aabbccdd"), "camera": [1, 2] * 4, "side": list("lr" * 4)}
    for split, rows in (("train", slice(0, 4)), ("query", slice(4, 8, 2)), ("gallery", slice(5, 8, 2))):
        write(tmp_path / f"{split}.parquet", images[rows], {name: cells[rows] for name, cells in whose.items()})
    manifest = open_set.read(tmp_path, val_fraction=0, test_fraction=0, split_seed=0)
    assert {split: len(ids) for split, ids in manifest.splits.items()} == {
        "train": 4, "test": 4, "query": 2, "gallery": 2,
    }  # fmt: skip
    assert manifest.camera_names == ("1", "2")
    read_test = open_set.read_test(tmp_path, PathPatterns(identity="side", camera="identity"))
    assert (read_test.classes, read_test.camera_names) == (("l", "r"), ("a", "b", "c", "d"))
    with pytest.raises(DataError, match=r"none called 'who': choose one with --data\.identity COLUMN"):
        open_set.read_test(tmp_path, PathPatterns(identity="who"))


def test_blank_identities_and_cameras(tmp_path: Path) -> None:
    images = [picture(number) for number in range(4)]
    file = write(tmp_path / "a.parquet", images, {"identity": ["a", "a", "b", "b"], "camera": [1, None, 1, 2]})
    with pytest.raises(DataError, match=r"row 1: the camera is blank"):
        open_set.read_test(file)
    assert open_set.read_test(file, PathPatterns(camera="none")).cameras is None
    write(file, images, {"identity": ["a", "a", "b", None]})
    with pytest.raises(DataError, match=r"row 3: the identity is missing"):
        open_set.read_test(file)


def test_pixels_are_those_of_the_same_bytes_in_files(tmp_path: Path) -> None:
    shard(tmp_path / "table", "train.parquet", count=12)
    for number in range(12):
        file = tmp_path / "files" / NAMES["label"][number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(number))
    table, files = read(tmp_path / "table"), read(tmp_path / "files")
    order = np.argsort([int(name[-6:-4]) for name in files.names])
    options = ReadingOptions(workers=1)
    of_table, of_files = survey(table, options), survey(files, options)
    np.testing.assert_array_equal(of_table.digests, of_files.digests[order])
    images = open_images(table, of_table, options, fit=Fit(8), channels=3)
    streamed = open_images(table, of_table, ReadingOptions(workers=1, cache_gb=0), fit=Fit(8), channels=3)
    mixed = np.array([7, 0, 11, 3, 4])
    expected = open_images(files, of_files, options, fit=Fit(8), channels=3)[order[mixed]]
    assert (images[mixed] == expected).all()
    assert (streamed[mixed] == expected).all()
    streamed.close()


def test_what_is_known_of_a_table_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    shard(tmp_path, "a.parquet")
    manifest = read(tmp_path)
    time.sleep(2.1)  # a file changed a moment ago could look unchanged
    first = survey(manifest)
    told: list[tuple[str, int, int]] = []
    assert survey(manifest, progress=lambda *work: told.append(work)).fingerprint == first.fingerprint
    assert not told
    shard(tmp_path, "a.parquet", 1)
    assert survey(manifest, progress=lambda *work: told.append(work)).fingerprint != first.fingerprint
    assert told[-1][1:] == (8, 8)


def test_bad_rows_have_reasons_and_can_be_left_out(tmp_path: Path) -> None:
    images = [picture(0), None, b"", b"<html> not an image", picture(1)[:60], picture(2), picture(3), picture(4)]
    write(tmp_path / "a.parquet", images, {"label": list("abababab")})
    manifest = read(tmp_path)
    found = survey(manifest)
    assert [(image.name, str(image.reason).partition(":")[0]) for image in found.bad] == [
        ("a.parquet#1", "the row has no image; the bytes are null"),
        ("a.parquet#2", "the file is empty"),
        ("a.parquet#3", "not an image"),
    ]
    with pytest.raises(DataError, match=r"3 images cannot be read.*--skip-bad"):
        open_images(manifest, found, fit=Fit(8), channels=3)
    left = open_images(manifest, found, ReadingOptions(skip_bad=True), fit=Fit(8), channels=3)
    assert [image.number for image in left.bad] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"label": [0, 1, 2]}, {"names": NAMES}, r"row 2: label 2, but the file names 2 classes"),
        ({"label": [0, 1, -2]}, {"names": NAMES}, r"row 2: label -2, but the file names 2 classes"),
        ({"label": [0.5, 1, 2]}, {}, "the column label has the type double; expected whole numbers or text"),
        ({"label": [["a"], ["b"], ["a"]]}, {}, "the column label has the type list"),
        ({"label": ["a" * 5000, "b", "a"]}, {}, "a value in the column label has more than 4,096 bytes"),
        ({"other": ["a", "b", "a"]}, {}, "has the columns image, other, and none called 'label'"),
        ({"label": [0, 1, 0]}, {"names": {"label": ["a", "a"]}}, "the class names of label are damaged"),
        ({"label": list("aba"), "mask": [b"x"] * 3}, {"image": "x"}, r"several columns may be the images \(x, mask\)"),
        ({"label": list("aba")}, {"lost": True}, "has the paths of images and not their bytes"),
    ],
)
def test_odd_columns_are_refused(tmp_path: Path, columns: Any, options: Any, said: str) -> None:
    lost = "lost" in options
    images = [None if lost else picture(number) for number in range(3)]
    write(tmp_path / "a.parquet", images, columns, **{name: given for name, given in options.items() if name != "lost"})
    with pytest.raises(DataError, match=said):
        read(tmp_path)


def test_tables_without_bytes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    for column in (["a.png", "b.png"], [[b"x"], [b"y"]], [{"path": "a"}, {"path": "b"}]):
        parquet.write_table(pyarrow.table({"image": column, "label": ["a", "b"]}), file)
        with pytest.raises(DataError, match=r"none of the columns image \(.*holds images as bytes.*a CSV file"):
            read(tmp_path)
    parquet.write_table(pyarrow.table([[b"x"], ["a"], ["b"]], names=["image", "label", "label"]), file)
    with pytest.raises(DataError, match="has the column label twice"):
        read(tmp_path)


def test_several_sets_are_refused(tmp_path: Path) -> None:
    for name in ("a/train.parquet", "a/test.parquet", "b/train.parquet", "b/test.parquet"):
        shard(tmp_path, name)
    with pytest.raises(DataError, match=r"holds several sets of Parquet files \(a, b\): give the one to read"):
        read(tmp_path)
    for name in ("a/train/0.parquet", "b/test/0.parquet"):
        shard(tmp_path / "deeper", name)
    with pytest.raises(DataError, match=r"several sets of Parquet files \(a/train, b/test\)"):
        read(tmp_path / "deeper")


def test_vectors_beside_images_do_not_hide_them(tree: Any) -> None:
    root = tree("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    parquet.write_table(pyarrow.table({"path": ["a/1.png"], "vector": [[1.0]]}), root / "vectors.parquet")
    assert read(root).layout == "class-folders"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(90) + b"PAR1", "cut", "turned", "tail"])
def test_damaged_files_are_refused_in_words(tmp_path: Path, content: bytes | str) -> None:
    file = shard(tmp_path, "a.parquet", count=40)
    whole = file.read_bytes()
    damaged = {"cut": whole[: len(whole) // 2], "turned": whole[::-1], "tail": whole[:-5]}
    file.write_bytes(damaged[content] if isinstance(content, str) else content)
    with pytest.raises(DataError, match=r"Cannot read .*a\.parquet: ."):
        read(tmp_path)


def test_random_damage_ends_in_words(tmp_path: Path) -> None:
    file = shard(tmp_path, "a.parquet", count=12)
    whole = file.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _trial in range(150):
        damaged = bytearray(whole)
        for place in random.integers(4, len(whole) - 8, 4):
            damaged[place] = random.integers(256)
        file.write_bytes(damaged)
        try:
            found = survey(read(file), ReadingOptions(workers=0))
            refused += bool(found.bad)
        except DataError as error:
            assert "Traceback" not in str(error)
            refused += 1
    assert refused > 20


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard(tmp_path, "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[parquet\]'"):
        read(tmp_path)
