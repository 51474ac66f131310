import os
import pwd
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from atalho.data.decoding import cache
from atalho.errors import DataError


def test_the_folder_is_chosen_by_argument_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.cache_folder(tmp_path / "given") == tmp_path / "given"
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "set"))
    assert cache.cache_folder() == tmp_path / "set"
    monkeypatch.delenv("ATALHO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "atalho"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / ".cache" / "atalho"


def test_arrays_and_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.npz"
    cache.save_arrays(file, {"a": np.arange(3), "b": np.eye(2)})
    found = cache.load_arrays(file, {"a", "b"})
    assert found is not None
    assert found["a"].tolist() == [0, 1, 2]
    assert [entry.name for entry in file.parent.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_damaged_file_counts_as_none(tmp_path: Path, keep: int) -> None:
    file = tmp_path / "a.npz"
    cache.save_arrays(file, {"a": np.arange(300)})
    file.write_bytes(file.read_bytes()[:keep])
    assert cache.load_arrays(file, {"a"}) is None
    assert cache.load_arrays(tmp_path / "none.npz", {"a"}) is None


def test_a_flipped_bit_changes_no_array(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    cache.save_arrays(file, {"a": np.arange(20), "b": np.frombuffer(b"names", np.uint8)})
    whole = file.read_bytes()
    for place in range(0, 8 * len(whole), 7):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        found = cache.load_arrays(file, {"a", "b"})
        assert found is None or (found["a"].tolist(), found["b"].tobytes()) == (list(range(20)), b"names")


def test_a_file_without_the_array_counts_as_none(tmp_path: Path) -> None:
    cache.save_arrays(tmp_path / "a.npz", {"a": np.arange(3)})
    assert cache.load_arrays(tmp_path / "a.npz", {"a", "b"}) is None


def test_error_of_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot use the cache folder .*Set ATALHO_CACHE"):
        cache.temporary(tmp_path / "file" / "packed" / "x")


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    for age, name in enumerate(("old", "older", "oldest", "kept")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pixels").write_bytes(b"0" * 100)
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    cache.make_room(tmp_path, tmp_path / "kept", 250)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["kept", "old"]


def test_abandoned_work_is_swept_and_fresh_work_is_not(tmp_path: Path) -> None:
    for name in ("abandoned.tmp", "fresh.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_bytes(b"0")
    (tmp_path / "file.tmp").write_bytes(b"0")
    os.utime(tmp_path / "abandoned.tmp", (0, 0))
    os.utime(tmp_path / "file.tmp", (0, 0))
    cache.temporary(tmp_path / "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["fresh.tmp"]


def test_error_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    for name in ("ATALHO_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(DataError, match=r"No home folder for the cache\. Set ATALHO_CACHE"):
        cache.cache_folder()


@pytest.mark.parametrize("work", ["sweep", "room"])
def test_entries_that_another_run_takes_away_are_passed_over(tmp_path: Path, work: str) -> None:
    """A link to nowhere is seen in the folder and gone when it is looked at."""
    (tmp_path / "kept").mkdir()
    (tmp_path / ("gone.tmp" if work == "sweep" else "gone")).symlink_to(tmp_path / "nowhere")
    if work == "sweep":
        cache.temporary(tmp_path / "x")
    else:
        cache.make_room(tmp_path, tmp_path / "kept", 0)
    assert (tmp_path / "kept").is_dir()
