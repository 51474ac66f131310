import os
from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.data import layouts
from atalho.data.layouts import csv_table
from atalho.data.manifest import Manifest
from atalho.errors import DataError

Tree = Callable[..., Path]


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "labels.csv"
    file.write_text(text, encoding=encoding)
    return file


def test_a_table_with_a_column_for_each_pixel_is_refused_in_few_words(tmp_path: Path) -> None:
    header = ["label", *(f"pixel{number}" for number in range(784))]
    (tmp_path / "digits.csv").write_text(",".join(header) + "\n" + ",".join(["5"] * 785) + "\n")
    with pytest.raises(DataError, match="pixel8, …; required") as refused:
        layouts.read(tmp_path, val_fraction=0.1, test_fraction=0.1, split_seed=0)
    assert len(str(refused.value)) < 400


def test_paths_labels_and_splits(tree: Tree) -> None:
    root = tree("1.png", "2.png", "3.png", "4.png", "sub/5.png")
    file = table(
        root,
        "label, Path ,split\ncat,1.png,train\ndog,2.png,Training\n\ncat,3.png,valid\n"
        'dog,4.png,test\n"a, b",sub/5.png,train\n',
        "utf-8-sig",
    )
    manifest = layouts.read(file, val_fraction=0.1, test_fraction=0.2, split_seed=0)
    assert manifest.root == root
    assert manifest.classes == ("a, b", "cat", "dog")
    assert {name: ids.tolist() for name, ids in manifest.splits.items()} == {
        "train": [0, 1, 4],
        "val": [2],
        "test": [3],
    }
    assert manifest.labels.tolist() == [1, 2, 1, 2, 0]


def test_without_splits_they_are_made(tree: Tree) -> None:
    names = [f"{number}.png" for number in range(20)]
    root = tree(*names)
    table(root, "path,label\n" + "".join(f"{name},{'ab'[number % 2]}\n" for number, name in enumerate(names)))
    manifest = layouts.read(root, val_fraction=0.1, test_fraction=0.2, split_seed=0)
    assert manifest.layout == "csv"
    assert {split: len(ids) for split, ids in manifest.splits.items()} == {"train": 14, "val": 2, "test": 4}
    assert len(layouts.read_test(root, ("a", "b"))) == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has the columns \(none\); required: path,label"),
        ("file,label\n1.png,a\n", "has the columns file, label; required: path,label"),
        ("path,label\n1.png,a\n2.png\n", "line 3: 1 values, but 2 are needed"),
        ("path,label\n1.png,Labrador, black\n", "line 2: 3 values, but the first line names 2 columns. Put a value"),
        ("path,label,label\n1.png,a,b\n", "has the column label twice: remove one"),
        ("path,label\n1.png,\n", "line 2: path and label must not be empty"),
        ("path,label\n1.png,a\n1.png,b\n", r"line 3: 1\.png is already on line 2"),
        ("path,label,split\n1.png,a,trian\n", r"line 2: unknown split 'trian'\. Did you mean train\?"),
        (
            'path,label\n"1.png,a\n',
            "line 2: quotes must enclose a whole value and be doubled inside it: unexpected end",
        ),
        ('path,label\n1.png,a\n"2.png" ,b\n', "line 3: quotes must enclose a whole value"),
        ("path,label,split\na.png,x,train\n./a.png,x,test\n", r"line 3: \./a\.png is already on line 2"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        csv_table.read(table(tmp_path, text))


def test_error_of_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not UTF-8 text; save it as CSV UTF-8"):
        csv_table.read(table(tmp_path, "path,label\n1.png,coração\n", "latin-1"))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_parts_the_values_is_told_by_the_first_line(tmp_path: Path, mark: str) -> None:
    text = f'path{mark}label{mark}split\n1.png{mark} "a{mark} b"{mark}train\n2.png{mark}c{mark}test\n'
    listing = csv_table.read(table(tmp_path, text))
    assert listing.names == ["1.png", "2.png"]
    assert listing.classes == [f"a{mark} b", "c"]
    assert listing.splits == ["train", "test"]


@pytest.mark.parametrize(
    ("text", "expected"), [("Label;PATH\n", True), ("path,label", True), ("date,weather\n", False), ("", False)]
)
def test_a_table_of_images_is_told_by_its_columns(tmp_path: Path, text: str, expected: bool) -> None:
    assert csv_table.matches(table(tmp_path, text)) is expected
    assert not csv_table.matches(tmp_path / "none.csv")


def images(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def splits(manifest: Manifest) -> dict[str, list[str]]:
    return {split: [manifest.names[number] for number in ids] for split, ids in manifest.splits.items()}


def read(root: Path) -> Manifest:
    return layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)


def test_blank_cells_behind_the_last_column_do_no_harm(tmp_path: Path) -> None:
    assert csv_table.read(table(tmp_path, "path,label\n1.png,a,, \n2.png,b,\n")).classes == ["a", "b"]


def test_three_tables_are_the_splits(tmp_path: Path) -> None:
    images(tmp_path, *(f"images/{number}.png" for number in range(6)))
    for place, split in enumerate(("train", "validação", "teste")):
        rows = f"images/{2 * place}.png,a\nimages/{2 * place + 1}.png,b\n"
        (tmp_path / f"{split}.csv").write_text("path,label\n" + rows, "utf-8")
    manifest = read(tmp_path)
    assert manifest.classes == ("a", "b")
    assert splits(manifest) == {
        "train": ["images/0.png", "images/1.png"],
        "val": ["images/2.png", "images/3.png"],
        "test": ["images/4.png", "images/5.png"],
    }
    assert str(manifest.found) == "found: train, val, test; 2 classes; 6 images"


@pytest.mark.parametrize("name", ["train.csv", "labels.csv"])
@pytest.mark.parametrize("suffix", ["", ".jpg"])
@pytest.mark.parametrize("folder", ["train", "train_images", "images/all"])
def test_a_competition(tmp_path: Path, name: str, suffix: str, folder: str) -> None:
    images(tmp_path, *(f"{folder}/x{number}.jpg" for number in range(4)), "test/y0.jpg", "test/y1.jpg")
    rows = "".join(f"x{number}{suffix},{'ab'[number % 2]}\n" for number in range(4))
    (tmp_path / name).write_text("image_id,label\n" + rows)
    (tmp_path / "sample_submission.csv").write_text("image_id,label\ny0.jpg,a\ny1.jpg,a\n")
    (tmp_path / "test.csv").write_text("image_id\ny0.jpg\ny1.jpg\n")
    manifest = read(tmp_path)
    assert manifest.classes == ("a", "b")
    assert splits(manifest) == {"train": [f"{folder}/x{number}.jpg" for number in range(4)]}
    assert str(manifest.found) == "found: no splits; 2 classes; 4 images; test has no labels and is left alone"
    assert any(f"its images are in {folder}/" in str(note) for note in manifest.notes)


def test_several_tables_of_the_same_are_refused(tmp_path: Path) -> None:
    images(tmp_path, "images/1.png", "images/2.png")
    for name in ("first.csv", "second.csv"):
        (tmp_path / name).write_text("path,label\nimages/1.png,a\nimages/2.png,b\n")
    with pytest.raises(DataError, match=r"several tables of .* \(first\.csv, second\.csv\): give the one"):
        read(tmp_path)
    assert len(read(tmp_path / "second.csv")) == 2


def test_backslashes_part_folders_where_that_finds_the_images(tmp_path: Path) -> None:
    images(tmp_path, "img/1.png", "img/2.png")
    (tmp_path / "labels.csv").write_text("path,label\r\nimg\\1.png,a\r\nimg\\2.png,b\r\n")
    manifest = read(tmp_path)
    assert manifest.names == ("img/1.png", "img/2.png")
    assert any("backslashes in its paths are read as folder separators" in str(note) for note in manifest.notes)


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    file.write_text('{"file_name": "1.png", "label": 3}\n\n{"file_name": "2.png", "label": "a, b", "x": 1}\n', "utf-8")
    listing = csv_table.read(file)
    assert listing.names == ["1.png", "2.png"]
    assert listing.classes == ["3", "a, b"]
    file.write_text('{"file_name": "1.png", "label": 3}\n{"file_name": "2.png"}\n')
    with pytest.raises(DataError, match="line 2: path and label must not be empty"):
        csv_table.read(file)
    file.write_text('{"file_name": "1.png", "label": 3}\n[1]\n')
    with pytest.raises(DataError, match="line 2: not a JSON object"):
        csv_table.read(file)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "path,label" + ",x" * 600_000, "a line has more than 1,048,576 characters"),
        ("a.csv", "path,label\n" + '"a\n",' * 300_000, "a row has more than 1,048,576 characters"),
        ("a.csv", f"path,label\n{'x' * 5000},a\n", "line 2: the path has more than 4,096 bytes"),
        ("a.jsonl", '{"path": "a.png", "label": "' + "x" * 1_100_000 + '"}', "a line has more than"),
    ],
)
def test_lines_rows_and_names_have_limits(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        csv_table.read(tmp_path / name)


@pytest.mark.timeout(10)
def test_a_table_is_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    assert not csv_table.matches(tmp_path / "a.csv")
    with pytest.raises(DataError, match="a named pipe, device or socket, not a file"):
        csv_table.read(tmp_path / "a.csv")
