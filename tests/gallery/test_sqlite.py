import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from atalho.errors import GalleryError
from atalho.gallery import sqlite as module
from atalho.gallery.approximate import Approximate
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Entry, Origin

ORIGIN = Origin("fingerprint", "model", 16)


def unit(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def filled(path: Path, count: int = 10) -> SqliteStore:
    store = SqliteStore(path, ORIGIN)
    store.put([Entry(f"{n:064x}", f"{n}.png") for n in range(count)], unit(count))
    return store


def paths(store: SqliteStore) -> list[list[str]]:
    """What four queries find."""
    return [[hit.entry.path for hit in hits] for hits in store.nearest(unit(4, seed=2), 5)]


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one" * 30, b"SQLite format 3\0" + b"?" * 200]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gallery.db"
    path.write_bytes(content)
    with pytest.raises(GalleryError, match=r"gallery\.db is no gallery of Atalho, or is damaged"):
        SqliteStore(path)
    with pytest.raises(GalleryError, match=r"gallery\.db is no gallery of Atalho, or is damaged"):
        SqliteStore(path, ORIGIN)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    with sqlite3.connect(path) as database:
        database.execute("create table accounts (name text)")
    before = path.read_bytes()
    for create in (None, ORIGIN):
        with pytest.raises(GalleryError, match="is a database, but not a gallery of Atalho"):
            SqliteStore(path, create)
    assert path.read_bytes() == before


def test_a_gallery_whose_making_was_killed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    # As far as one comes before the tables are there: a header, and nothing else.
    begun = sqlite3.connect(path, isolation_level=None)
    begun.execute("pragma page_size = 16384")
    begun.execute("pragma journal_mode = wal")
    begun.close()
    assert path.stat().st_size > 0
    store = filled(path)
    assert store.count() == 10
    assert store.verify() == []
    store.close()


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="cannot be used"):
        SqliteStore(tmp_path, ORIGIN)


def test_a_gallery_that_another_process_is_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("begin immediate")
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    store = SqliteStore(path)
    with pytest.raises(GalleryError, match="is being written by another process"):
        store.put([Entry("a" * 64, "a.png")], unit(1))
    assert len(store.nearest(unit(1), 3)[0]) == 3  # reading goes on
    writer.execute("rollback")
    store.put([Entry("a" * 64, "a.png")], unit(1))
    assert store.count() == 11
    store.close()
    writer.close()


def test_a_damaged_vector_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    store = filled(path)
    with sqlite3.connect(path) as database:
        vector = bytearray(database.execute("select vector from images where path = '3.png'").fetchone()[0])
        vector[5] ^= 1
        database.execute("update images set vector = ? where path = '3.png'", (bytes(vector),))
    assert store.verify() == ["3.png: its vector is damaged; index the image again"]
    assert zlib.crc32(vector) != zlib.crc32(unit(10)[3].tobytes())
    store.close()


def test_the_graph_is_derived_trusted_by_digest_and_made_again(tmp_path: Path) -> None:
    store = filled(tmp_path / "gallery.db", 300)
    graph = tmp_path / "gallery.db.faiss"
    exact = paths(store)
    store._approximate = Approximate(graph, worthwhile=10)
    assert paths(store) == exact
    made = graph.read_bytes()
    graph.write_bytes(b"something else")
    store._approximate = Approximate(graph, worthwhile=10)
    assert paths(store) == exact  # not read, made again
    assert graph.stat().st_size == len(made)
    store.put([Entry("e" * 64, "new.png")], unit(1, seed=77))
    assert store.nearest(unit(1, seed=77), 1)[0][0].entry.path == "new.png"
    store.rebuild()
    store.close()


def test_every_acknowledged_image_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    program = f"""
import os, signal, sys
import numpy as np
from pathlib import Path
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Entry, Origin
store = SqliteStore(Path({str(path)!r}), Origin("fingerprint", "model", 16))
for n in range(1000):
    store.put([Entry(f"{{n:064x}}", f"{{n}}.png")], np.eye(16, dtype=np.float32)[n % 16][None])
    print(n, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _number in range(25)]
    child.kill()
    acknowledged += [int(line) for line in child.stdout.read().split()]
    child.stdout.close()
    child.wait()
    store = SqliteStore(path)
    assert {entry.path for entry in store.entries()} >= {f"{n}.png" for n in acknowledged}
    assert store.verify() == []
    store.close()
