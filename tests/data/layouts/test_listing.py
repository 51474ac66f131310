from pathlib import Path

import pytest

from atalho.data.layouts.listing import Listing, split_name


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
