"""A gallery in PostgreSQL with pgvector, for more than one machine.

One gallery a schema: name another with `?options=-csearch_path%3Dname` in the address. The graph (HNSW) belongs to the
database and changes with it; its iterative scan goes on until `k` images are found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from atalho.errors import GalleryError
from atalho.gallery.store import Entry, Hit, Origin, Store, Vectors, checked, shown
from atalho.text import Text, _

_LARGEST_GRAPH = 2000
"""Numbers per vector up to which pgvector builds a graph; longer ones are compared one by one."""
_SEARCH_EFFORT = 200
_SCHEMA = """
create table if not exists atalho_about (key text primary key, value text not null);
create table if not exists atalho_images (
  id bigint generated always as identity primary key, digest text not null unique, path text not null,
  label text, camera text, vector vector({dimension}) not null
);
create index if not exists atalho_images_path on atalho_images (path);
"""
_GRAPH = "create index if not exists atalho_graph on atalho_images using hnsw (vector vector_ip_ops)"


class PostgresStore(Store):
    """The store of one database schema."""

    def __init__(self, address: str, create: Origin | None = None) -> None:
        psycopg, pgvector = _libraries()
        self._errors: Any = psycopg.Error
        self._shown = shown(address)
        with self._explained():
            self._connection = psycopg.connect(address, autocommit=True, connect_timeout=10)
        try:
            with self._explained():
                self._begin(create)
                pgvector.register_vector(self._connection)
                self.origin = self._read_origin()
        except BaseException:
            self._connection.close()
            raise

    def _begin(self, create: Origin | None) -> None:
        if self._one("select to_regclass('atalho_about') is not null"):
            return
        if create is None:
            raise GalleryError(Text("{path}: there is no gallery. Make one with: atalho index", path=self._shown))
        with self._connection.transaction():
            # Two machines that begin at once: the second waits here and finds everything made.
            self._connection.execute("select pg_advisory_xact_lock(hashtext('atalho'))")
            self._connection.execute("create extension if not exists vector")
            self._connection.execute(_SCHEMA.format(dimension=create.dimension))
            if create.dimension <= _LARGEST_GRAPH:
                self._connection.execute(_GRAPH)
            with self._connection.cursor() as cursor:
                cursor.executemany(
                    "insert into atalho_about values (%s, %s) on conflict do nothing", list(create.rows().items())
                )

    def _read_origin(self) -> Origin:
        about = dict(self._connection.execute("select key, value from atalho_about").fetchall())
        return Origin.of(about, self._shown)

    def put(self, entries: Sequence[Entry], vectors: Vectors) -> list[Entry]:
        """One transaction: all of them or none."""
        vectors = checked(entries, vectors, self.origin.dimension)
        rows = [(e.digest, e.path, e.label, e.camera, v) for e, v in zip(entries, vectors, strict=True)]
        with self._explained(), self._connection.transaction(), self._connection.cursor() as cursor:
            # Writers come one after the other, so that two that overwrite the same images cannot wait for each other.
            self._next_generation()
            kept = {entry.path: entry.digest for entry in entries}
            found = cursor.execute(
                "select digest, path, label, camera from atalho_images where path = any(%s)", (list(kept),)
            )
            replaced = [entry for entry in (Entry(*row) for row in found) if entry.digest != kept[entry.path]]
            cursor.execute("delete from atalho_images where digest = any(%s)", ([e.digest for e in replaced],))
            cursor.executemany(
                "insert into atalho_images (digest, path, label, camera, vector) values (%s, %s, %s, %s, %s) "
                "on conflict (digest) do update set path = excluded.path, label = excluded.label, "
                "camera = excluded.camera, vector = excluded.vector",
                rows,
            )
        return replaced

    def remove(self, digests: Sequence[str]) -> int:
        with self._explained(), self._connection.transaction():
            self._next_generation()
            return int(
                self._connection.execute("delete from atalho_images where digest = any(%s)", (list(digests),)).rowcount
            )

    def known(self, digests: Sequence[str]) -> dict[str, Entry]:
        with self._explained():
            rows = self._connection.execute(
                "select digest, path, label, camera from atalho_images where digest = any(%s)", (list(digests),)
            )
            return {row[0]: Entry(*row) for row in rows}

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        with self._explained():
            query = "select digest, vector from atalho_images where digest = any(%s)"
            rows = self._connection.execute(query, (list(digests),)).fetchall()
        return {digest: np.asarray(vector.to_numpy(), dtype=np.float32) for digest, vector in rows}

    def entries(self) -> Iterator[Entry]:
        """Read through a cursor of the server, so that they need not fit into memory."""
        with self._explained(), self._connection.transaction(), self._connection.cursor(name="entries") as cursor:
            cursor.execute("select digest, path, label, camera from atalho_images order by id")
            for row in cursor:
                yield Entry(*row)

    def count(self) -> int:
        with self._explained():
            return int(self._one("select count(*) from atalho_images"))

    def generation(self) -> int:
        with self._explained():
            return int(self._one("select value from atalho_about where key = 'generation'"))

    def nearest(self, queries: Vectors, k: int, *, exact: bool = False) -> list[list[Hit]]:
        """Through the graph of the database unless `exact`."""
        with self._explained(), self._connection.transaction():
            if exact:
                self._connection.execute("set local enable_indexscan = off")
            else:
                self._connection.execute("set local hnsw.iterative_scan = strict_order")
                self._connection.execute(f"set local hnsw.ef_search = {max(_SEARCH_EFFORT, min(k, 1000))}")
            return [self._nearest(query, k) for query in queries]

    def _nearest(self, query: Vectors, k: int) -> list[Hit]:
        rows = self._connection.execute(
            "select digest, path, label, camera, -(vector <#> %s) from atalho_images order by vector <#> %s limit %s",
            (query, query, k),
        )
        return [Hit(Entry(*row[:4]), float(row[4])) for row in rows]

    def verify(self) -> list[str]:
        """The database keeps its own pages; what is checked is that every vector is a unit."""
        with self._explained():
            rows = self._connection.execute(
                "select path from atalho_images where abs(vector_norm(vector) - 1) > 0.001 order by id"
            )
            return [_("{path}: its vector is damaged; index the image again").format(path=row[0]) for row in rows]

    def rebuild(self) -> None:
        """Rebuild the graph of the database."""
        with self._explained():
            if self.origin.dimension <= _LARGEST_GRAPH:
                self._connection.execute("drop index if exists atalho_graph")
                self._connection.execute(_GRAPH)

    def close(self) -> None:
        self._connection.close()

    def _one(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]

    def _next_generation(self) -> None:
        self._connection.execute("update atalho_about set value = (value::bigint + 1)::text where key = 'generation'")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            text = _("{path} cannot be used: {reason}")
            raise GalleryError(text.format(path=self._shown, reason=str(error).strip())) from error


def _libraries() -> tuple[Any, Any]:
    try:
        import pgvector.psycopg
        import psycopg
    except ImportError:
        raise GalleryError(Text("A gallery in PostgreSQL needs: pip install 'atalho[postgres]'")) from None
    return psycopg, pgvector.psycopg
