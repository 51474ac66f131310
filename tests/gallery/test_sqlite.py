import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from atalho.errors import GalleryError
from atalho.gallery import database
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
    with pytest.raises(GalleryError, match=r"gallery\.db is not an Atalho gallery, or is damaged"):
        SqliteStore(path)
    with pytest.raises(GalleryError, match=r"gallery\.db is not an Atalho gallery, or is damaged"):
        SqliteStore(path, ORIGIN)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    with sqlite3.connect(path) as database:
        database.execute("create table accounts (name text)")
    before = path.read_bytes()
    for create in (None, ORIGIN):
        with pytest.raises(GalleryError, match="is a database, but not an Atalho gallery"):
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
    with pytest.raises(GalleryError, match="is a folder, and a gallery is a file"):
        SqliteStore(tmp_path, ORIGIN)


def test_a_gallery_that_another_process_is_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("begin immediate")
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.1)
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
    assert store.verify() == ["3.png: damaged vector; index the image again"]
    assert zlib.crc32(vector) != zlib.crc32(unit(10)[3].tobytes())
    store.close()


def flip(path: Path, image: str, content: bytes | None = None, *, fitting: bool = False) -> None:
    """Change one bit of an image's vector, or put `content` in its place, with a fitting checksum or the old one."""
    with closing(sqlite3.connect(path)) as database, database:
        vector = bytearray(database.execute("select vector from images where path = ?", (image,)).fetchone()[0])
        vector[7] ^= 0x40
        changed = bytes(vector) if content is None else content
        database.execute("update images set vector = ? where path = ?", (changed, image))
        if fitting:
            database.execute("update images set checksum = ? where path = ?", (zlib.crc32(changed), image))


@pytest.mark.parametrize(
    ("content", "fitting"),
    [
        (None, False),
        (np.full(16, np.nan, np.float32).tobytes(), True),
        (np.full(16, np.inf, np.float32).tobytes(), True),
        (np.full(16, 7, np.float32).tobytes(), True),
        (bytes(64), True),
        (b"", True),
        (bytes(60), True),
    ],
)
@pytest.mark.parametrize("graph", [False, True])
def test_nothing_is_answered_from_a_damaged_vector(
    tmp_path: Path, content: bytes | None, fitting: bool, graph: bool
) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    flip(path, "3.png", content, fitting=fitting)
    store = SqliteStore(path)
    if graph:
        store._approximate = Approximate(tmp_path / "g.faiss", worthwhile=1)
    for _time in range(2):
        with pytest.raises(GalleryError, match=r"is damaged\. For details, run: atalho gallery verify"):
            store.nearest(unit(1), 3)
    assert store.verify() == ["3.png: damaged vector; index the image again"]
    assert store.vectors([f"{n:064x}" for n in range(10)]).keys() == {f"{n:064x}" for n in range(10) if n != 3}
    if graph:
        with pytest.raises(GalleryError, match="is damaged"):
            store.rebuild()
    store.put([Entry(f"{3:064x}", "3.png")], unit(10)[3:4])
    assert store.verify() == []
    assert store.nearest(unit(10)[3:4], 1)[0][0].entry.path == "3.png"
    store.close()


def test_a_vector_that_is_missing_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("pragma writable_schema = on")
        database.execute("update sqlite_master set sql = replace(sql, 'vector blob not null', 'vector blob')")
        database.execute("pragma writable_schema = reset")
        database.execute("update images set vector = null, checksum = 'x' where path = '3.png'")
    store = SqliteStore(path)
    with pytest.raises(GalleryError, match="is damaged"):
        store.nearest(unit(1), 3)
    assert store.verify() == ["3.png: damaged vector; index the image again"]
    store.close()


def test_text_that_is_not_utf8_is_read_named_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        for column, image in (("path", 3), ("label", 4), ("digest", 5)):
            database.execute(f"update images set {column} = cast(x'{b'a'.hex()}fe' as text) where id = ?", (image + 1,))
    store = SqliteStore(path)
    text = "its path, label or camera is damaged; remove the image, or index it again"
    assert store.verify() == [f"{name}: {text}" for name in ("a\udcfe", "4.png", "5.png")]
    assert len(store.nearest(unit(1), 10)[0]) == 10
    entries = list(store.entries())
    assert (entries[3].path, entries[4].label, entries[5].digest) == ("a\udcfe",) * 3
    assert store.remove([entry.digest for entry in entries[3:6]]) == 3
    assert store.verify() == []
    store.close()


@pytest.mark.parametrize("key", ["dimension", "generation", "fingerprint", "model", "format"])
@pytest.mark.parametrize("value", [None, "", "x", "-1", "1.5", "\u0663", "9" * 30, b"16"])
def test_what_a_gallery_says_of_itself_may_be_damaged(tmp_path: Path, key: str, value: str | bytes | None) -> None:
    path = tmp_path / "gallery.db"
    filled(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        if value is None:
            database.execute("delete from about where key = ?", (key,))
        else:
            database.execute("update about set value = ? where key = ?", (value, key))
    if key in ("fingerprint", "model") and isinstance(value, str) and value:
        SqliteStore(path).close()
        return
    with pytest.raises(GalleryError, match=f"is damaged: its {key} is" if key != "format" else "a gallery in format"):
        SqliteStore(path)


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_ends_in_words(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "gallery.db"
    filled(path, 200).close()
    sound = path.read_bytes()
    wanted = [hit.similarity for hit in SqliteStore(path).nearest(unit(1), 200)[0]]
    generator = random.Random(seed)
    named = 0
    for start in range(0, len(sound), 4096) if seed == 0 else [generator.randrange(len(sound)) for _n in range(60)]:
        damaged = bytearray(sound)
        if seed == 0:
            damaged[start : start + 4096] = bytes(4096)
        else:
            damaged[start] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        try:
            store = SqliteStore(path)
            named += bool(store.verify())
        except GalleryError:
            named += 1
            continue
        for call in (lambda: list(store.entries()), lambda: store.remove(["x"]), store.count):  # noqa: B023
            with suppress(GalleryError):
                call()
        try:
            found = [hit.similarity for hit in store.nearest(unit(1), 200)[0]]
        except GalleryError:
            assert store.verify() != []
        else:
            assert found == wanted or store.verify() != []
        store.close()
    assert named >= 3


def unprivileged(act: Callable[[], str]) -> str:
    """What `act` says where it has no right to write: in a process of nobody's, if this one may everything."""
    if os.geteuid():
        return act()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setgid(65534)
        os.setuid(65534)
        try:
            said = act()
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_what_may_only_be_read_is_searched_listed_and_verified(open_folder: Path) -> None:
    path = open_folder / "a gallery?.db"
    store = filled(path)
    wanted = paths(store)
    store.close()
    path.chmod(0o444)
    open_folder.chmod(0o555)

    def act() -> str:
        store = SqliteStore(path)
        assert paths(store) == wanted
        assert store.verify() == []
        assert len(list(store.entries())) == 10
        for change in (lambda: store.remove([f"{1:064x}"]), lambda: store.put([Entry("a", "a")], unit(1))):
            with pytest.raises(GalleryError, match=r"can only be read here\. Make the file and its folder writable\."):
                change()
        store._approximate = Approximate(path.with_name("g.faiss"), worthwhile=1)
        assert paths(store) == wanted
        return "all of it"

    assert unprivileged(act) == "all of it"


def test_changes_that_wait_beside_a_file_are_not_passed_over(open_folder: Path) -> None:
    path = open_folder / "gallery.db"
    store = filled(path, 3)
    copied = open_folder / "copied.db"
    for ending in ("", "-wal"):  # as a kill leaves them
        copied.with_name(f"{copied.name}{ending}").write_bytes(path.with_name(f"{path.name}{ending}").read_bytes())
    store.close()
    open_folder.chmod(0o555)

    def act() -> str:
        try:
            return str(SqliteStore(copied).count())
        except GalleryError as error:
            return str(error)

    assert unprivileged(act) == f"{copied} can only be read here. Make the file and its folder writable."


def test_removed_means_gone_from_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = sqlite3.connect

    def connected(*given: object, **named: object) -> sqlite3.Connection:
        found = genuine(*given, **named)  # type: ignore[call-overload]
        found.execute("pragma secure_delete = off")  # as SQLite is, where nobody built it otherwise
        return found  # type: ignore[no-any-return]

    monkeypatch.setattr(database.sqlite3, "connect", connected)
    store = SqliteStore(tmp_path / "gallery.db", ORIGIN)
    names = [f"/photos/of a person {n}.png" for n in range(300)]
    vectors = unit(300)
    store.put([Entry(f"{n:064x}", name, f"label {n}") for n, name in enumerate(names)], vectors)
    store._approximate = Approximate(tmp_path / "gallery.db.faiss", worthwhile=10)
    paths(store)

    def holding(secret: bytes) -> set[str]:
        return {path.name for path in tmp_path.iterdir() if secret in path.read_bytes()}

    assert "gallery.db.faiss" in holding(vectors[7].tobytes())
    store.remove([f"{7:064x}"])
    store.put([Entry("e" * 64, names[8], "label 8")], unit(1, seed=5))  # overwritten
    for secret in (names[7].encode(), b"label 7\0", vectors[7].tobytes(), vectors[8].tobytes()):
        assert holding(secret) == set()
    assert holding(vectors[9].tobytes()) >= {"gallery.db"}
    found = store.nearest(vectors[7:8], 300)[0]
    assert names[7] not in {hit.entry.path for hit in found}
    store.close()


def test_the_graph_grows_with_the_gallery(tmp_path: Path) -> None:
    store = filled(tmp_path / "gallery.db", 300)
    graph = tmp_path / "gallery.db.faiss"
    store._approximate = Approximate(graph, worthwhile=10)
    paths(store)
    made = graph.stat().st_ino
    for seed in (7, 8):
        store.put([Entry(f"{seed}" * 64, f"new{seed}.png")], unit(1, seed=seed))
        assert store.nearest(unit(1, seed=seed), 1)[0][0].entry.path == f"new{seed}.png"
    assert graph.stat().st_ino == made  # two images are no reason to write it again
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
