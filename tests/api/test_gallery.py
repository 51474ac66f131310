"""Looking after a gallery from Python; what the functions do with a gallery that is there, and with none."""

from pathlib import Path

import numpy as np
import pytest

from atalho.api import gallery
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Entry, Origin


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Six images of three labels, the last one with none."""
    path = tmp_path / "g.db"
    store = SqliteStore(path, Origin("f", "model", 4))
    labels = ("a", "a", "b", "b", "c", None)
    entries = [Entry(str(k), str(tmp_path / f"{k}.png"), label, "1") for k, label in enumerate(labels)]
    store.put(entries, np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1]])
    store.close()
    return str(path)


def test_entries_come_in_their_order_all_or_of_one_label(place: str) -> None:
    assert [entry.digest for entry in gallery.entries(place)] == list("012345")
    assert [entry.digest for entry in gallery.entries(place, "b")] == ["2", "3"]
    assert list(gallery.entries(place, "nobody")) == []


def test_a_path_means_the_same_wherever_one_stands(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert gallery.remove("g.db", paths=["0.png", "./1.png"]) == 2
    assert [entry.digest for entry in gallery.entries(place)] == list("2345")


def test_an_image_that_is_named_twice_is_one(place: str, tmp_path: Path) -> None:
    assert gallery.remove(place, paths=[str(tmp_path / "2.png")], labels=["b", "c"]) == 3
    assert gallery.remove(place, labels=["b", "c"]) == 0


def test_one_label_or_path_is_one(place: str, tmp_path: Path) -> None:
    assert gallery.remove(place, labels="ab") == 0
    assert gallery.remove(place, labels="b") == 2
    assert gallery.remove(Path(place), paths=tmp_path / "0.png") == 1


def test_nothing_is_removed_where_nothing_is_named(place: str) -> None:
    with pytest.raises(ConfigError, match="No images given"):
        gallery.remove(place, paths=[], labels=[])
    assert len(list(gallery.entries(place))) == 6


def test_images_get_another_label_and_keep_all_else(place: str, tmp_path: Path) -> None:
    before = list(gallery.entries(place))
    assert gallery.relabel(place, "z", paths=tmp_path / "0.png", labels="b") == 3
    after = list(gallery.entries(place))
    assert sorted((e.digest, e.label) for e in after) == [
        ("0", "z"), ("1", "a"), ("2", "z"), ("3", "z"), ("4", "c"), ("5", None)
    ]  # fmt: skip
    assert {(e.digest, e.path, e.camera) for e in after} == {(e.digest, e.path, e.camera) for e in before}
    assert gallery.relabel(place, "z", labels="z") == 0
    assert gallery.relabel(place, "", labels=["z", "c"]) == 4
    assert [e.label for e in gallery.entries(place) if e.label] == ["a"]
    assert gallery.verify(place) == []
    with pytest.raises(ConfigError, match="No images given"):
        gallery.relabel(place, "a")


def test_images_whose_files_are_gone_are_taken_out(place: str, tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"None of the 6 files of .* is there, such as .*0\.png\. Is a drive"):
        gallery.prune(place)
    for number in (0, 1, 2, 5):
        (tmp_path / f"{number}.png").touch()
    assert [entry.digest for entry in gallery.prune(place, dry_run=True)] == ["3", "4"]
    assert len(list(gallery.entries(place))) == 6
    assert [entry.digest for entry in gallery.prune(place)] == ["3", "4"]
    assert [entry.digest for entry in gallery.entries(place)] == list("0125")
    assert gallery.prune(place) == []


def test_rebuilding_changes_no_image(place: str) -> None:
    before = list(gallery.entries(place))
    gallery.rebuild(place)
    assert list(gallery.entries(place)) == before
    assert gallery.verify(place) == []


def test_the_store_is_closed_whatever_happens(place: str) -> None:
    with pytest.raises(RuntimeError, match="in between"), gallery.opened(place) as store:
        raise RuntimeError("in between")
    with pytest.raises(GalleryError):
        store.count()


def test_where_there_is_none(tmp_path: Path) -> None:
    for call in (gallery.verify, gallery.rebuild, lambda place: list(gallery.entries(place))):
        with pytest.raises(GalleryError, match="gallery not found"):
            call(str(tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []
