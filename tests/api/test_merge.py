"""Galleries of one model in one: nothing is lost, and what contradicts is told."""

from pathlib import Path

import numpy as np
import pytest

from atalho.api import gallery
from atalho.api.merge import MergeConflict, merge
from atalho.errors import ConfigError, GalleryError
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Entry, Origin, open_store


def make(path: Path, *entries: Entry, model: str = "f") -> str:
    store = SqliteStore(path, Origin(model, model, 4))
    if entries:
        vectors = np.eye(4, dtype=np.float32)[[int(entry.digest) % 4 for entry in entries]]
        store.put(entries, vectors)
    store.close()
    return str(path)


A = (Entry("0", "/0.png", "ana", "1"), Entry("1", "/1.png"), Entry("2", "/2.png", "bob"), Entry("3", "/3.png", "cy"))
B = (
    *(Entry("0", "/copy.png", "ana"), Entry("1", "/1.png", "eva", "2"), Entry("2", "/2.png", "rob")),
    *(Entry("5", "/3.png", "dan"), Entry("6", "/6.png", "cy"), Entry("7", "/7.png", "dan")),
)
LABEL = MergeConflict(A[2], B[2], "")
PATH = MergeConflict(A[3], B[3], "")


def test_a_new_gallery_has_all_and_the_others_stay(tmp_path: Path) -> None:
    first, second, into = make(tmp_path / "a.db", *A), make(tmp_path / "b.db", *B), tmp_path / "new" / "c.db"
    merged = merge([first, second], into)
    assert (merged.new, merged.changed, merged.same) == (6, 1, 2)
    assert [(c.kept, c.other) for c in merged.conflicts] == [(c.kept, c.other) for c in (LABEL, PATH)]
    assert {c.gallery for c in merged.conflicts} == {second}
    assert merged.shared == ("cy",)
    expected = [A[0], Entry("1", "/1.png", "eva", "2"), A[2], A[3], B[4], B[5]]
    assert sorted(gallery.entries(into), key=lambda entry: entry.digest) == expected
    assert gallery.verify(into) == []
    with gallery.opened(into) as store:
        found = store.vectors(list("012367"))
        assert all(vector[int(digest) % 4] == 1 for digest, vector in found.items())
        assert len(found) == 6
    assert tuple(gallery.entries(first)) == A
    assert tuple(gallery.entries(second)) == B
    again = merge([first, second], into)
    assert (again.new, again.changed, len(again.conflicts)) == (0, 0, 2)


def test_the_gallery_that_is_there_comes_first(tmp_path: Path) -> None:
    first, second = make(tmp_path / "a.db", *A), make(tmp_path / "b.db", *B)
    merged = merge([first, second], first)
    assert (merged.new, merged.changed, merged.same) == (2, 1, 2)
    assert [entry.label for entry in gallery.entries(first)][:4] == ["ana", "eva", "bob", "cy"]


def test_the_place_that_still_exists_is_kept(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    first = make(tmp_path / "a.db", Entry("0", "/gone.png", "ana"))
    second = make(tmp_path / "b.db", Entry("0", str(tmp_path / "x.png")))
    assert merge(second, first).changed == 1
    assert list(gallery.entries(first)) == [Entry("0", str(tmp_path / "x.png"), "ana")]


def test_galleries_of_two_models_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    first, second = make(tmp_path / "a.db", *A), make(tmp_path / "b.db", *B, model="g")
    with pytest.raises(GalleryError, match=r"a\.db and .*b\.db have vectors of different models \(f, g\)"):
        merge([first, second], tmp_path / "c.db")
    assert not (tmp_path / "c.db").exists()
    with pytest.raises(GalleryError, match="vectors of another model"):
        merge([first], second)
    assert tuple(gallery.entries(second)) == B


def test_what_cannot_be_merged(tmp_path: Path) -> None:
    first = make(tmp_path / "a.db", *A)
    for nothing in ([], [first]):
        with pytest.raises(ConfigError, match="No galleries to merge"):
            merge(nothing, first)
    with pytest.raises(GalleryError, match="gallery not found"):
        merge([first, tmp_path / "none.db"], tmp_path / "c.db")
    assert not (tmp_path / "c.db").exists()
    store = open_store(first)
    store._database.execute("update images set checksum = checksum + 1 where digest = '1'")  # type: ignore[attr-defined]
    store._database.commit()  # type: ignore[attr-defined]
    store.close()
    with pytest.raises(GalleryError, match=r"a\.db is damaged"):
        merge(first, tmp_path / "c.db")
