from collections.abc import Callable
from pathlib import Path

import pytest

from atalho.data import layouts
from atalho.data.layouts import csv_table
from atalho.errors import DataError

Tree = Callable[..., Path]


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "labels.csv"
    file.write_text(text, encoding=encoding)
    return file


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
        ("", r"has the columns \(none\); needed are path,label"),
        ("file,label\n1.png,a\n", "has the columns file, label; needed are path,label"),
        ("path,label\n1.png,a\n2.png\n", "line 3: 1 values where 2 are needed"),
        ("path,label\n1.png,\n", "line 2: path and label must not be empty"),
        ("path,label\n1.png,a\n1.png,b\n", r"line 3: 1\.png stands in line 2 already"),
        ("path,label,split\n1.png,a,trian\n", r"line 2: unknown split 'trian'\. Did you mean train\?"),
        (
            'path,label\n"1.png,a\n',
            "line 2: quotes must enclose a whole value, and be doubled within it: unexpected end",
        ),
        ('path,label\n1.png,a\n"2.png" ,b\n', "line 3: quotes must enclose a whole value"),
        ("path,label,split\na.png,x,train\n./a.png,x,test\n", r"line 3: \./a\.png stands in line 2 already"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        csv_table.read(table(tmp_path, text))


def test_error_of_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not text in UTF-8; save it as CSV UTF-8"):
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
