from pathlib import Path

import pytest

from atalho.data.layouts.listing import Listing, read_names
from atalho.data.layouts.split_names import split_name
from atalho.errors import DataError


@pytest.mark.parametrize(
    ("given", "expected"),
    [("TRAIN", "train"), (" Valid ", "val"), ("dev", "val"), ("testing", "test"), ("trian", None), ("", None)],
)
def test_the_usual_names_of_splits(given: str, expected: str | None) -> None:
    assert split_name(given) == expected


def test_rows_stay_together() -> None:
    listing = Listing(Path("/"), "csv")
    listing.add(["1.png", "2.png"], "a", "train")
    listing.add([], "b", "train")
    listing.add(["3.png"], "c", "")
    assert list(zip(listing.names, listing.classes, listing.splits, strict=True)) == [
        ("1.png", "a", "train"),
        ("2.png", "a", "train"),
        ("3.png", "c", ""),
    ]


def test_names_are_lines_of_text(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("\ufeffshoe \n\n bag\n", encoding="utf-8")
    assert read_names(file) == ["shoe", "bag"]


def test_error_of_names_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("calção\n", encoding="latin-1")
    with pytest.raises(DataError, match=r"labels\.txt is not UTF-8 text; save it as UTF-8"):
        read_names(file)
