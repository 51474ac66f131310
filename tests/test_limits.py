"""What is read is bounded before it is read, and nothing but a regular file is opened."""

import io
import os
from pathlib import Path

import pytest

from atalho import limits
from atalho.limits import Limit
from atalho.storage.torch_file import PICKLE_BYTES

SMALL = Limit(100, values=10, containers=5)


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert limits.read(tmp_path / "file", SMALL) == b"x" * 100


def test_a_file_beyond_its_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)  # takes no room, and would not fit into memory
    with pytest.raises(ValueError, match=r"^1,099,511,627,776 bytes are more than the limit of 100$"):
        limits.read(tmp_path / "sparse", SMALL)


@pytest.mark.timeout(10)
def test_nothing_but_a_regular_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", "/dev/zero", "/dev/null"):
        with pytest.raises(ValueError, match=r"^a named pipe, device or socket, not a file$"):
            limits.read(name, SMALL)
    with pytest.raises(ValueError, match=r"^a folder, not a file$"):
        limits.read(tmp_path, SMALL)
    with pytest.raises(FileNotFoundError):
        limits.read(tmp_path / "none", SMALL)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (f"[{'0,' * 20}0]", "more than 10 values"),
        (f"[{'[]' * 5}]", "more than 5 lists and objects"),
        ("no JSON", "Expecting value"),
    ],
)
def test_json_that_is_too_much_is_an_error_of_values(content: str, reason: str) -> None:
    limit = SMALL if len(content) < 100 else limits.LARGE_JSON
    with pytest.raises(ValueError, match=reason):
        limits.parse_json(content.encode(), limit)


def test_lines_are_never_longer_than_a_row_may_be() -> None:
    most = "x" * (limits.ROW_CHARACTERS - 1) + "\n"
    assert list(limits.lines(io.StringIO(most + "short"))) == [most, "short"]
    with pytest.raises(ValueError, match="a line has more than 1,048,576 characters"):
        list(limits.lines(io.StringIO("x" + most)))


def test_the_limits_are_those_that_the_page_says() -> None:
    page = (Path(__file__).parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    for limit in (limits.SETTINGS, limits.SMALL_JSON, limits.LARGE_JSON, limits.TABLE, limits.PICKLE, limits.TENSORS):
        said = f"{limit.bytes // limits.MB:,} MB"
        said += f", {limit.values:,} values" if limit.values else ""
        said += f", {limit.containers:,} lists and objects" if limit.containers else ""
        assert said in page
    assert f"{limits.ROW_CHARACTERS:,} characters; {limits.NAME_BYTES:,} bytes" in page
    assert f"{PICKLE_BYTES // limits.MB} MB, {limits.PICKLE.values:,} values" in page
