"""Predictions: which files are meant, one row each, and a bad one does not disturb the others."""

from pathlib import Path

import pytest

from atalho.api import predict as job
from atalho.errors import DataError
from atalho.runs.run import Run


def test_files_folders_and_patterns_are_found_in_order(clothes: Path) -> None:
    bags = clothes / "test" / "bag"
    first = str(sorted(bags.iterdir())[0])
    assert job.find([first]) == [first]
    assert job.find([str(bags)]) == sorted(map(str, bags.iterdir()))
    assert job.find([f"{clothes}/test/*/0000.png"]) == sorted(map(str, clothes.glob("test/*/0000.png")))


def test_a_file_with_a_pattern_in_its_name_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a[1].png"
    path.write_bytes(b"x")
    assert job.find([str(path)]) == [str(path)]


def test_a_folder_holds_what_training_finds_there(clothes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / ".hidden").mkdir(parents=True)
    (folder / ".hidden" / "x.png").write_bytes(b"x")
    (folder / "linked").symlink_to(clothes / "test" / "bag")
    names = sorted(path.name for path in (clothes / "test" / "bag").iterdir())
    assert job.find([str(folder)]) == [f"{folder}/linked/{name}" for name in names]


@pytest.mark.parametrize(
    ("argument", "text"), [("{folder}", "no images in this folder or below it"), ("{folder}/*.png", "no file matches")]
)
def test_nothing_found_is_an_error(tmp_path: Path, argument: str, text: str) -> None:
    with pytest.raises(DataError, match=text):
        job.find([argument.format(folder=tmp_path)])


def test_one_path_is_one_path(run: Run, clothes: Path) -> None:
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    for given in (image, str(image)):
        assert job.find(given) == [str(image)]
        assert [row.path for row in job.predict(run.model, given)] == [str(image)]
    with pytest.raises(DataError, match=r"One of the names is empty\."):
        job.find(["", str(image)])


def test_nothing_named_is_an_error() -> None:
    with pytest.raises(DataError, match="No images given"):
        job.find([])


def test_each_path_has_its_row_in_order_also_the_bad_and_the_repeated(run: Run, clothes: Path, tmp_path: Path) -> None:
    good = sorted(map(str, (clothes / "test" / "bag").iterdir()))[:2]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    paths = [good[0], str(broken), good[1], "nothing.png", good[0]]
    rows = list(job.predict(run.model, paths))
    assert [row.path for row in rows] == paths
    assert [row.prediction is None for row in rows] == [False, True, False, True, False]
    assert "broken.jpg cannot be read as an image" in (rows[1].error or "")
    assert rows[0].prediction == rows[4].prediction


def test_probabilities_sum_to_one_and_are_sorted(run: Run, clothes: Path) -> None:
    row = next(iter(job.predict(run.model, job.find([str(clothes / "test" / "bag")]), top=3)))
    assert row.prediction is not None
    shares = [share for _label, share in row.prediction.top]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert shares == sorted(shares, reverse=True)
    assert row.prediction.top[0] == (row.prediction.label, row.prediction.probability)
