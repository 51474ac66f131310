"""Taking a folder for a run: what others have there stays, what a killed start left does not bar the way."""

from pathlib import Path

import pytest

from atalho.errors import RunError
from atalho.jobs import run as files
from atalho.jobs.run import claimed
from atalho.storage import atomic

LEFT = ([], ["network.json"], ["network.json", ".tmp-manifest.json-0123abcd"], list(files._FIRST))


class KilledError(BaseException):
    """Ends a start in between."""


@pytest.mark.parametrize("left", LEFT, ids=len)
def test_what_a_killed_start_left_is_taken_over(tmp_path: Path, left: list[str]) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    for name in [".lock", *left]:
        (folder / name).write_text("{}")
    with claimed(folder, "data") as claim:
        assert claim == folder
        assert not list(folder.glob(".tmp-*"))
        (folder / files.CONFIG).write_text("")
    with pytest.raises(RunError, match="exists already"), claimed(folder, "data"):
        pass


@pytest.mark.parametrize("other", ["photo.jpg", "manifest.json", ".tmp-mine", ".tmp-notes.txt-0123abcd", "checkpoints"])
def test_what_is_not_of_a_start_is_never_touched(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_text("mine")
    with pytest.raises(RunError, match="exists already"), claimed(tmp_path, "data"):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == [other]
    assert (tmp_path / other).read_text() == "mine"


@pytest.mark.parametrize("before", [False, True])
def test_a_start_that_fails_leaves_nothing(tmp_path: Path, before: bool) -> None:
    folder = tmp_path / "x"
    if before:
        folder.mkdir()
    with pytest.raises(KilledError), claimed(folder, "data"):
        atomic.write_json(folder / files.NETWORK, {})
        raise KilledError
    assert folder.exists() == before
    assert not before or list(folder.iterdir()) == []
