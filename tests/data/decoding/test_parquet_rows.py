import os
from pathlib import Path

import pytest
from parquet_files import picture, write

from atalho import limits
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.parquet_rows import ImageRow, open_table, read_row, row_name
from atalho.data.decoding.process import decode_files
from atalho.data.decoding.reading import read_bytes
from atalho.data.decoding.reasons import UnreadableImageError

pyarrow = pytest.importorskip("pyarrow")
IMAGES = [picture(number) for number in range(20)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "a.parquet", IMAGES, {"label": ["a", "b"] * 10}, group=12)


def test_which_names_are_rows() -> None:
    assert row_name("data/train-00000-of-00002.parquet#17") == ImageRow("data/train-00000-of-00002.parquet", 17)
    assert row_name(Path("A.PARQUET#0")) == ImageRow("A.PARQUET", 0)
    for name in ("a.parquet", "a.parquet#", "a.parquet#-1", "a.parquet#1/b.png", "a.png#1", "#1", ".parquet#1"):
        assert row_name(name) is None


@pytest.mark.parametrize("plain", [True, False])
def test_rows_in_any_order(tmp_path: Path, plain: bool) -> None:
    file = write(tmp_path / "a.parquet", IMAGES, {"label": ["a", "b"] * 10}, plain=plain, group=12)
    for row in (*range(20), 11, 12, 3, 19, 0, 7):
        assert read_bytes(f"{file}#{row}") == IMAGES[row]


def test_a_file_that_changes_is_read_again(file: Path) -> None:
    assert read_row(ImageRow(str(file), 0)) == IMAGES[0]
    write(file, IMAGES[::-1], {"label": ["a"] * 20})
    os.utime(file, ns=(1, 1))
    assert read_row(ImageRow(str(file), 0)) == IMAGES[-1]


def test_many_files_are_not_all_kept_open(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{number}.parquet", [IMAGES[number]], {"label": ["a"]}) for number in range(12)]
    descriptors = Path("/proc/self/fd")
    before = len([*descriptors.iterdir()]) if descriptors.is_dir() else 0
    for number, name in [*enumerate(files)] * 2:
        assert read_row(ImageRow(str(name), 0)) == IMAGES[number]
    if before:
        assert len([*descriptors.iterdir()]) <= before + 8


def refusal(path: str, **options: int) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_bytes(path, **options)
    return str(caught.value.reason)


def test_reasons(file: Path, tmp_path: Path) -> None:
    assert refusal(f"{file}#20") == "its table cannot be read: there is no row 20: it has 20, counted from 0"
    assert refusal(f"{tmp_path}/b.parquet#0") == "there is no such file"
    (tmp_path / "b.parquet").write_text("no table at all, but some text")
    assert refusal(f"{tmp_path}/b.parquet#0").startswith("its table cannot be read: Parquet magic bytes not found")
    (tmp_path / "c.parquet").mkdir()
    assert refusal(f"{tmp_path}/c.parquet#0") == "its table cannot be read: a folder, not a file"
    large = write(tmp_path / "d.parquet", [bytes(2**20 + 9)], {"label": ["a"]})
    assert refusal(f"{large}#0", max_pixels=1) == "the file has 1048585 bytes, more than any image of 1 pixels"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.parquet")
    assert refusal(f"{tmp_path}/a.parquet#0") == "its table cannot be read: a named pipe, device or socket, not a file"


def test_a_damaged_row_group_costs_its_own_rows_only(file: Path) -> None:
    whole = file.read_bytes()
    place = whole.index(IMAGES[2][:40]) - 6  # near the head of the page
    file.write_bytes(whole[: place - 60] + bytes(120) + whole[place + 60 :])
    decoded = decode_files([f"{file}#{row}" for row in range(20)], Fit(8), 3, 10**6, False, False)
    bad = {number for number, _reason in decoded.bad}
    assert bad
    assert bad <= set(range(12))
    assert read_bytes(f"{file}#15") == IMAGES[15]


def test_more_rows_than_the_limit_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PARQUET", limits.Limit(limits.GB, 19))
    with pytest.raises(ValueError, match="more than 19 rows"):
        open_table(file)
    monkeypatch.setattr(limits, "PARQUET", limits.Limit(100, 20))
    with pytest.raises(ValueError, match="more than the limit of 100"):
        open_table(file)
