"""Taking a folder for a run: what others have there stays, what a killed start left does not bar the way."""

from pathlib import Path

import pytest

from atalho.api.train import train
from atalho.errors import DataError, RunError
from atalho.runs.claim import claimed
from atalho.storage import atomic, run_folder

LEFT = ([], ["network.json"], ["network.json", ".tmp-manifest.json-0123abcd"], list(run_folder.FIRST))


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
        (folder / run_folder.CONFIG).write_text("")
    with pytest.raises(RunError, match="already exists"), claimed(folder, "data"):
        pass


@pytest.mark.parametrize("other", ["photo.jpg", "manifest.json", ".tmp-mine", ".tmp-notes.txt-0123abcd", "checkpoints"])
def test_what_is_not_of_a_start_is_never_touched(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_text("mine")
    with pytest.raises(RunError, match="already exists"), claimed(tmp_path, "data"):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == [other]
    assert (tmp_path / other).read_text() == "mine"


@pytest.mark.parametrize("before", [False, True])
def test_a_start_that_fails_leaves_nothing(tmp_path: Path, before: bool) -> None:
    folder = tmp_path / "x"
    if before:
        folder.mkdir()
    with pytest.raises(KilledError), claimed(folder, "data"):
        atomic.write_json(folder / run_folder.NETWORK, {})
        raise KilledError
    assert folder.exists() == before
    assert not before or list(folder.iterdir()) == []


def test_a_folder_that_is_taken_is_told_before_any_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    for place in (tmp_path, tmp_path / "photo.jpg"):
        with pytest.raises(RunError, match=r"already exists and is not a run\. Choose another --out\.$"):
            train(tmp_path / "nowhere", out=place)
    (tmp_path / run_folder.CONFIG).touch()
    with pytest.raises(RunError, match=r"already exists.* --resume"):
        train(tmp_path / "nowhere", out=tmp_path)
    with pytest.raises(DataError, match="nowhere"):
        train(tmp_path / "nowhere", out=tmp_path / "new")


def test_a_run_does_not_lie_among_its_images(clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="is inside the folder of the images"):
        train(clothes, model="resnet20", out=clothes / "train" / "run")
    (tmp_path / "data").symlink_to(clothes)
    monkeypatch.chdir(tmp_path / "data")
    with pytest.raises(RunError, match="runs is inside the folder of the images"):
        train(".", model="resnet20")
    assert sorted(entry.name for entry in clothes.iterdir()) == ["test", "train"]
