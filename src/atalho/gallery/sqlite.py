"""A gallery in one SQLite file. A transaction that has returned survives a kill and a power cut (WAL, FULL)."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from atalho.errors import GalleryError
from atalho.gallery.approximate import Approximate
from atalho.gallery.exact import Memory, nearest_of_all
from atalho.gallery.store import BLOCK, Entry, Hit, Ids, Origin, Store, Vectors, checked
from atalho.text import Text, _

_APPLICATION = 0x41746C68
"""Written into the file's header, so that another program's database is never taken for a gallery."""
_WAIT_SECONDS = 10.0
_SCHEMA = """
create table about (key text primary key, value text not null) without rowid;
create table images (
  id integer primary key autoincrement, digest text not null unique, path text not null, label text, camera text,
  vector blob not null, checksum integer not null
);
create index images_path on images (path);
"""


class SqliteStore(Store):
    """The store of one file."""

    def __init__(self, path: Path, create: Origin | None = None) -> None:
        self.path = path
        if create is None and not path.is_file():
            raise GalleryError(Text("{path}: there is no gallery. Make one with: atalho index", path=path))
        with self._explained():
            if create is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
            try:
                if create is not None:
                    self._begin(create)
                self.origin = self._read_origin()
                self._database.execute("pragma synchronous = full")
            except BaseException:
                self._database.close()
                raise
        self._memory = Memory()
        self._approximate = Approximate(path.with_name(f"{path.name}.faiss"))

    def _begin(self, origin: Origin) -> None:
        """Make a database in which nothing is yet a gallery; two processes may try at once, or one be killed."""
        if not self._empty():
            return
        # A vector of 512 numbers and its row take half of the usual page, which then holds one of them.
        self._database.execute("pragma page_size = 16384")
        self._database.execute("pragma journal_mode = wal")
        with self._transaction():
            if not self._empty():
                return
            for statement in _SCHEMA.split(";"):
                self._database.execute(statement)
            self._database.executemany("insert into about values (?, ?)", origin.rows().items())
            self._database.execute(f"pragma application_id = {_APPLICATION}")

    def _empty(self) -> bool:
        """Whether nobody has put anything into the database, which may be more than a file of no bytes."""
        tables = self._database.execute("select count(*) from sqlite_master").fetchone()[0]
        return not tables and self._database.execute("pragma application_id").fetchone()[0] == 0

    def _read_origin(self) -> Origin:
        if self._database.execute("pragma application_id").fetchone()[0] != _APPLICATION:
            raise GalleryError(Text("{path} is a database, but not a gallery of Atalho.", path=self.path))
        about = dict(self._database.execute("select key, value from about"))
        return Origin.of(about, self.path)

    def put(self, entries: Sequence[Entry], vectors: Vectors) -> list[Entry]:
        """One transaction: all of them or none."""
        vectors = checked(entries, vectors, self.origin.dimension)
        replaced: list[Entry] = []
        with self._explained(), self._transaction():
            for entry, vector in zip(entries, vectors, strict=True):
                content = vector.tobytes()
                before = "from images where path = ? and digest <> ?"
                same = (entry.path, entry.digest)
                found = self._database.execute(f"select digest, path, label, camera {before}", same)
                replaced += [Entry(*row) for row in found]
                # What an image showed before its file was overwritten is no longer there.
                self._database.execute(f"delete {before}", same)
                self._database.execute(
                    "insert into images (digest, path, label, camera, vector, checksum) values (?, ?, ?, ?, ?, ?) "
                    "on conflict (digest) do update set path = excluded.path, label = excluded.label, "
                    "camera = excluded.camera, vector = excluded.vector, checksum = excluded.checksum",
                    (entry.digest, entry.path, entry.label, entry.camera, content, zlib.crc32(content)),
                )
            self._next_generation()
        return replaced

    def remove(self, digests: Sequence[str]) -> int:
        with self._explained(), self._transaction():
            cursor = self._database.cursor()
            gone = sum(cursor.execute("delete from images where digest = ?", (d,)).rowcount for d in digests)
            if gone:
                self._next_generation()
            return gone

    def known(self, digests: Sequence[str]) -> dict[str, Entry]:
        with self._explained():
            rows = self._database.execute(
                "select digest, path, label, camera from images where digest in (select value from json_each(?))",
                (json.dumps(list(digests)),),
            )
            return {row[0]: Entry(*row) for row in rows}

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        with self._explained():
            rows = self._database.execute(
                "select digest, vector from images where digest in (select value from json_each(?))",
                (json.dumps(list(digests)),),
            )
            return {digest: np.frombuffer(bytearray(vector), dtype=np.float32) for digest, vector in rows}

    def entries(self) -> Iterator[Entry]:
        with self._explained():
            for row in self._database.execute("select digest, path, label, camera from images order by id"):
                yield Entry(*row)

    def count(self) -> int:
        with self._explained():
            return int(self._database.execute("select count(*) from images").fetchone()[0])

    def generation(self) -> int:
        with self._explained():
            return int(self._database.execute("select value from about where key = 'generation'").fetchone()[0])

    def nearest(self, queries: Vectors, k: int, *, exact: bool = False) -> list[list[Hit]]:
        """Compares all vectors where they are few, or `exact`; else through a FAISS index."""
        generation, count = self.generation(), self.count()
        if not exact and self._approximate.worthwhile(count):
            trusted = self._derived()
            ids, similarities = self._approximate.nearest(queries, k, generation, self._blocks, trusted, self._trust)
        else:
            size = count * self.origin.dimension * 4
            ids, similarities = nearest_of_all(queries, self._memory.blocks(generation, size, self._blocks), k)
        return self._hits(ids, similarities)

    def verify(self) -> list[str]:
        """Reads every vector and compares it with its checksum."""
        wrong: list[str] = []
        with self._explained():
            for (finding,) in self._database.execute("pragma integrity_check"):
                if finding != "ok":
                    wrong.append(_("the database is damaged: {finding}").format(finding=finding))
            length = 4 * self.origin.dimension
            for path, vector, checksum in self._database.execute("select path, vector, checksum from images"):
                if len(vector) != length or zlib.crc32(vector) != checksum:
                    wrong.append(_("{path}: its vector is damaged; index the image again").format(path=path))
        return wrong

    def rebuild(self) -> None:
        """Rebuild the FAISS index, where the gallery is large enough to use one."""
        self._approximate.forget()
        if self._approximate.worthwhile(self.count()):
            self._approximate.build(self.generation(), self._blocks, self._trust)

    def close(self) -> None:
        self._database.close()

    def _blocks(self) -> Iterator[tuple[Ids, Vectors]]:
        last = 0
        while True:
            with self._explained():
                rows = self._database.execute(
                    "select id, vector from images where id > ? order by id limit ?", (last, BLOCK)
                ).fetchall()
            if not rows:
                return
            joined = b"".join(row[1] for row in rows)
            if len(joined) != 4 * len(rows) * self.origin.dimension:
                raise GalleryError(Text("{path} is damaged. See: atalho gallery verify", path=self.path))
            last = rows[-1][0]
            yield (
                np.array([row[0] for row in rows], dtype=np.int64),
                np.frombuffer(bytearray(joined), dtype=np.float32).reshape(len(rows), -1),
            )

    def _hits(self, ids: Ids, similarities: Vectors) -> list[list[Hit]]:
        with self._explained():
            rows = self._database.execute(
                "select id, digest, path, label, camera from images where id in (select value from json_each(?))",
                (json.dumps(np.unique(ids).tolist()),),
            )
            entries = {row[0]: Entry(*row[1:]) for row in rows}
        # An image that another process removed in the meantime is no answer any more.
        return [
            [Hit(entries[i], s) for i, s in zip(line, values, strict=True) if i in entries]
            for line, values in zip(ids.tolist(), similarities.tolist(), strict=True)
        ]

    def _derived(self) -> str | None:
        row = self._database.execute("select value from about where key = 'derived'").fetchone()
        return row[0] if row else None

    def _trust(self, digest: str) -> None:
        """Remember the digest of the derived index, because a file of FAISS is read only if it is ours."""
        with self._explained(), self._transaction():
            self._database.execute("insert or replace into about values ('derived', ?)", (digest,))

    def _next_generation(self) -> None:
        self._database.execute("update about set value = cast(value as integer) + 1 where key = 'generation'")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                text = _("{path} is being written by another process. Try again when it has finished.")
                raise GalleryError(text.format(path=self.path)) from error
            text = _("{path} cannot be used: {reason}")
            raise GalleryError(text.format(path=self.path, reason=error)) from error
        except sqlite3.DatabaseError as error:
            text = _("{path} is no gallery of Atalho, or is damaged: {reason}")
            raise GalleryError(text.format(path=self.path, reason=error)) from error
        except OSError as error:
            text = _("{path} cannot be used: {reason}")
            raise GalleryError(text.format(path=self.path, reason=error.strerror or error)) from error
