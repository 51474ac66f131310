"""A gallery in one SQLite file. A transaction that has returned survives a kill and a power cut (WAL, FULL)."""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from atalho.errors import GalleryError
from atalho.gallery.approximate import Approximate
from atalho.gallery.database import busy, connect, explained, transaction
from atalho.gallery.exact import Memory, nearest_of_all
from atalho.gallery.store import (
    ALL,
    BLOCK,
    Entry,
    EntryFilter,
    Hit,
    Ids,
    Origin,
    Store,
    Vectors,
    checked,
    damaged,
    entry_of,
    units,
    whole_number,
)
from atalho.text import _

_APPLICATION = 0x41746C68
"""Written into the file's header, so that another program's database is never taken for a gallery."""
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
        if path.is_dir():
            raise GalleryError("{path} is a folder, and a gallery is a file, such as characters.db.", path=path)
        if create is None and not path.is_file():
            raise GalleryError("{path}: gallery not found. Create one with: atalho index", path=path)
        with self._explained():
            if create is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = connect(path, create=create is not None)
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
            raise GalleryError("{path} is a database, but not an Atalho gallery.", path=self.path)
        return Origin.of(dict(self._database.execute("select key, value from about")), self.path)

    def put(self, entries: Sequence[Entry], vectors: Vectors) -> list[Entry]:
        """One transaction: all of them or none."""
        vectors = checked(entries, vectors, self.origin.dimension)
        replaced: list[Entry] = []
        with self._explained(), self._transaction():
            for entry, vector in zip(entries, vectors, strict=True):
                content = vector.tobytes()
                before = "where path = ? and digest <> ?"
                replaced += self._entries(before, entry.path, entry.digest)
                # What an image showed before its file was overwritten is no longer there.
                self._database.execute(f"delete from images {before}", (entry.path, entry.digest))
                checksum = zlib.crc32(content)
                # Another vector gets another id, by which the graph knows what it has.
                other = "delete from images where digest = ? and checksum <> ?"
                self._database.execute(other, (entry.digest, checksum))
                self._database.execute(
                    "insert into images (digest, path, label, camera, vector, checksum) values (?, ?, ?, ?, ?, ?) "
                    "on conflict (digest) do update set path = excluded.path, label = excluded.label, "
                    "camera = excluded.camera, vector = excluded.vector",
                    (entry.digest, entry.path, entry.label, entry.camera, content, checksum),
                )
            self._next_generation(forget=bool(replaced))
        if replaced:
            self._overwrite()
        return replaced

    def remove(self, digests: Sequence[str]) -> int:
        with self._explained(), self._transaction():
            # Also by a digest that is damaged, as `entries` gave it.
            rows = [(digest.encode(errors="surrogateescape"),) for digest in digests]
            gone = self._database.executemany("delete from images where digest = cast(? as text)", rows).rowcount
            if gone:
                self._next_generation(forget=True)
        if gone:
            self._overwrite()
        return gone

    def _overwrite(self) -> None:
        """Let nothing of what was deleted stay in the files: not in the log, and not in the graph."""
        with self._explained():
            self._approximate.forget()
            self._database.execute("pragma wal_checkpoint(truncate)").fetchall()

    def known(self, digests: Sequence[str]) -> dict[str, Entry]:
        found = self._entries("where digest in (select value from json_each(?))", json.dumps(list(digests)))
        return {entry.digest: entry for entry in found}

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        with self._explained():
            rows = self._database.execute(
                "select digest, vector, checksum from images where digest in (select value from json_each(?))",
                (json.dumps(list(digests)),),
            )
            found = {digest: self._vector(content, checksum) for digest, content, checksum in rows}
        return {digest: vector for digest, vector in found.items() if vector is not None}

    def entries(self) -> Iterator[Entry]:
        return self._entries("order by id")

    def count(self) -> int:
        with self._explained():
            return int(self._database.execute("select count(*) from images").fetchone()[0])

    def generation(self) -> int:
        with self._explained():
            about = dict(self._database.execute("select key, value from about where key = 'generation'"))
        return whole_number(about, "generation", self.path)

    def nearest(self, queries: Vectors, k: int, *, exact: bool = False, among: EntryFilter = ALL) -> list[list[Hit]]:
        """Compares all vectors where they are few, `exact` or `among` some; otherwise through a FAISS index."""
        generation, count = self.generation(), self.count()
        if among:
            ids, similarities = nearest_of_all(queries, self.blocks(among=among), k)
        elif not exact and self._approximate.worthwhile(count):
            ids, similarities = self._approximate.nearest(queries, k, generation, self)
        else:
            size = count * self.origin.dimension * 4
            ids, similarities = nearest_of_all(queries, self._memory.blocks(generation, size, self.blocks), k)
        return self._hits(ids, similarities)

    def verify(self) -> list[str]:
        """Reads every vector and compares it with its checksum."""
        return [*self._findings("pragma integrity_check"), *self._findings("select * from images order by id")]

    def _findings(self, query: str) -> Iterator[str]:
        text = _("the database is damaged: {finding}")
        try:
            rows = self._database.execute(query)
            names = [column[0] for column in rows.description]
            for row in rows:
                if names[0] == "integrity_check":
                    if row[0] != "ok":
                        yield text.format(finding=row[0])
                else:
                    yield from self._wrong(dict(zip(names, row, strict=True)))
        except sqlite3.DatabaseError as error:
            if busy(error):
                with self._explained():
                    raise
            yield text.format(finding=error)

    def _wrong(self, row: dict[str, Any]) -> Iterator[str]:
        texts = [row[name] for name in ("digest", "path", "label", "camera") if row[name] is not None]
        if None in (row["digest"], row["path"]) or not all(map(_is_text, texts)):
            text = _("{path}: its path, label or camera is damaged; remove the image, or index it again")
            yield text.format(path=row["path"])
        if self._vector(row["vector"], row["checksum"]) is None:
            yield _("{path}: damaged vector; index the image again").format(path=row["path"])

    def rebuild(self) -> None:
        """Rebuild the FAISS index, where the gallery is large enough to use one."""
        with self._explained():
            self._approximate.forget()
        if self._approximate.worthwhile(self.count()):
            self._approximate.build(self.generation(), self)

    def close(self) -> None:
        self._database.close()

    def blocks(self, after: int = 0, among: EntryFilter = ALL) -> Iterator[tuple[Ids, Vectors]]:
        """The ids (N,) and vectors (N,D) of all images with ids above `after`, in their order, checked."""
        named = {"label": among.labels, "camera": among.cameras}
        given = {column: json.dumps(values) for column, values in named.items() if values}
        where = "".join(f" and {column} in (select value from json_each(:{column}))" for column in given)
        query = f"select id, vector, checksum from images where id > :after{where} order by id limit :block"
        while True:
            with self._explained():
                rows = self._database.execute(query, {"after": after, "block": BLOCK, **given}).fetchall()
            if not rows:
                return
            contents = [row[1] for row in rows if self._fits(row[1], row[2])]
            vectors = np.frombuffer(bytearray(b"".join(contents)), dtype=np.float32).reshape(-1, self.origin.dimension)
            if len(vectors) < len(rows) or not units(vectors).all() or rows[-1][0] <= after:
                raise damaged(self.path)
            after = rows[-1][0]
            yield np.array([row[0] for row in rows], dtype=np.int64), vectors

    def count_until(self, last: int) -> int:
        """How many images have ids up to `last`."""
        with self._explained():
            return int(self._database.execute("select count(*) from images where id <= ?", (last,)).fetchone()[0])

    def _fits(self, content: Any, checksum: Any) -> bool:
        sized = isinstance(content, bytes) and len(content) == 4 * self.origin.dimension
        return sized and zlib.crc32(content) == checksum

    def _vector(self, content: Any, checksum: Any) -> Vectors | None:
        """The unit vector (D,) that was stored; None where it is damaged."""
        if not self._fits(content, checksum):
            return None
        vector = np.frombuffer(bytearray(content), dtype=np.float32)
        return vector if units(vector[None])[0] else None

    def _entries(self, which: str, *values: str) -> Iterator[Entry]:
        with self._explained():
            for row in self._database.execute(f"select digest, path, label, camera from images {which}", values):
                yield entry_of(row, self.path)

    def _hits(self, ids: Ids, similarities: Vectors) -> list[list[Hit]]:
        with self._explained():
            rows = self._database.execute(
                "select id, digest, path, label, camera from images where id in (select value from json_each(?))",
                (json.dumps(np.unique(ids).tolist()),),
            )
            entries = {row[0]: entry_of(row[1:], self.path) for row in rows}
        # An image that another process removed in the meantime is no answer any more.
        return [
            [Hit(entries[i], s) for i, s in zip(line, values, strict=True) if i in entries]
            for line, values in zip(ids.tolist(), similarities.tolist(), strict=True)
        ]

    def derived(self) -> str | None:
        """What `trust` remembered."""
        with self._explained():
            row = self._database.execute("select value from about where key = 'derived'").fetchone()
        return row[0] if row else None

    def trust(self, digest: str) -> None:
        """Remember the digest of the derived index, because a file of FAISS is read only if it is ours."""
        with self._explained(), self._transaction():
            self._database.execute("insert or replace into about values ('derived', ?)", (digest,))

    def _next_generation(self, *, forget: bool = False) -> None:
        self._database.execute("update about set value = cast(value as integer) + 1 where key = 'generation'")
        if forget:
            self._database.execute("delete from about where key = 'derived'")

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction(self._database)

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.path)


def _is_text(value: Any) -> bool:
    """Whether `value` was read as UTF-8."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False
