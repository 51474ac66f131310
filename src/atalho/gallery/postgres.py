"""A gallery in PostgreSQL with pgvector, for more than one machine.

One gallery a schema: name another with `?options=-csearch_path%3Dname` in the address. The gallery is in the schema
that is named first, and in no other; that of the extension is found. What was removed stays in the database's files
until they are vacuumed (`vacuum full atalho_images`). The graph (HNSW) belongs to the database and changes with it;
its iterative scan goes on until `k` images are found.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from atalho.errors import GalleryError, install
from atalho.gallery.store import (
    ALL,
    Entry,
    EntryFilter,
    Hit,
    Origin,
    Store,
    Vectors,
    checked,
    damaged,
    entry_of,
    shown,
    units,
    whole_number,
    without_secrets,
)
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
        self._address, self._shown = address, shown(address)
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
        schema = self._schema()
        there = "select exists (select from pg_tables where schemaname = %s and tablename = 'atalho_about')"
        if self._one(there, schema):
            self._look_in(schema)
            return
        if create is None:
            raise GalleryError("{path}: gallery not found. Create one with: atalho index", path=self._shown)
        with self._connection.transaction():
            # Two machines that begin at once: the second waits here and finds everything made.
            self._connection.execute("select pg_advisory_xact_lock(hashtext('atalho'))")
            self._connection.execute("select set_config('search_path', quote_ident(%s), false)", (schema,))
            if not self._one("select exists (select from pg_namespace where nspname = %s)", schema):
                self._connection.execute(f"create schema {self._quoted(schema)}")
            self._connection.execute("create extension if not exists vector")
            self._look_in(schema)
            self._connection.execute(_SCHEMA.format(dimension=create.dimension))
            if create.dimension <= _LARGEST_GRAPH:
                self._connection.execute(_GRAPH)
            with self._connection.cursor() as cursor:
                cursor.executemany(
                    "insert into atalho_about values (%s, %s) on conflict do nothing", list(create.rows().items())
                )

    def _schema(self) -> str:
        """The schema that the search path names first, also where it is not there yet."""
        first = self._one("select trim(split_part(current_setting('search_path'), ',', 1))")
        if first.startswith('"') and first.endswith('"'):
            first = first[1:-1].replace('""', '"')
        # The user's own, as servers have it first, is passed over where there is none.
        return str(first if first not in ("", "$user") else self._one("select coalesce(current_schema(), 'public')"))

    def _look_in(self, schema: str) -> None:
        """Let names mean the gallery's `schema`, and after it that of the extension, whose types it needs."""
        found = "select nspname from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'vector'"
        path = f"{self._quoted(schema)}, {self._quoted(self._one(f'select coalesce(({found}), %s)', schema))}"
        self._connection.execute("select set_config('search_path', %s, false)", (path,))

    def _quoted(self, name: str) -> str:
        return str(self._one("select quote_ident(%s)", name))

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
            before = [entry_of(row, self._shown) for row in found]
            replaced = [entry for entry in before if entry.digest != kept[entry.path]]
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
            return {row[0]: entry_of(row, self._shown) for row in rows}

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        with self._explained():
            query = "select digest, vector from atalho_images where digest = any(%s)"
            rows = self._connection.execute(query, (list(digests),)).fetchall()
        found = {digest: np.asarray(vector.to_numpy(), dtype=np.float32) for digest, vector in rows}
        return {digest: vector for digest, vector in found.items() if units(vector[None])[0]}

    def entries(self) -> Iterator[Entry]:
        """Read through a cursor of the server, so that they need not fit into memory."""
        with self._explained(), self._connection.transaction(), self._connection.cursor(name="entries") as cursor:
            cursor.execute("select digest, path, label, camera from atalho_images order by id")
            for row in cursor:
                yield entry_of(row, self._shown)

    def count(self) -> int:
        with self._explained():
            return int(self._one("select count(*) from atalho_images"))

    def generation(self) -> int:
        with self._explained():
            rows = self._connection.execute("select key, value from atalho_about where key = 'generation'").fetchall()
        return whole_number(dict(rows), "generation", self._shown)

    def nearest(self, queries: Vectors, k: int, *, exact: bool = False, among: EntryFilter = ALL) -> list[list[Hit]]:
        """Through the graph of the database unless `exact`, or `among` some, of which it may find too few."""
        with self._explained(), self._connection.transaction():
            if exact or among:
                self._connection.execute("set local enable_indexscan = off")
            else:
                self._connection.execute("set local hnsw.iterative_scan = strict_order")
                self._connection.execute(f"set local hnsw.ef_search = {max(_SEARCH_EFFORT, min(k, 1000))}")
            return [self._nearest(query, k, among) for query in queries]

    def _nearest(self, query: Vectors, k: int, among: EntryFilter) -> list[Hit]:
        rows = self._connection.execute(
            "select digest, path, label, camera, -(vector <#> %(query)s) from atalho_images "
            "where (%(labels)s::text[] = '{}' or label = any(%(labels)s)) "
            "and (%(cameras)s::text[] = '{}' or camera = any(%(cameras)s)) "
            "order by vector <#> %(query)s limit %(k)s",
            {"query": query, "k": k, "labels": list(among.labels), "cameras": list(among.cameras)},
        )
        hits = [Hit(entry_of(row[:4], self._shown), float(row[4])) for row in rows]
        if any(abs(hit.similarity) > 1.01 for hit in hits):
            raise damaged(self._shown)
        return hits

    def verify(self) -> list[str]:
        """The database keeps its own pages; what is checked is that every vector is a unit."""
        with self._explained():
            rows = self._connection.execute(
                "select path from atalho_images where abs(vector_norm(vector) - 1) > 0.001 order by id"
            )
            return [_("{path}: damaged vector; index the image again").format(path=row[0]) for row in rows]

    def rebuild(self) -> None:
        """Rebuild the graph of the database."""
        with self._explained():
            if self.origin.dimension <= _LARGEST_GRAPH:
                self._connection.execute("drop index if exists atalho_graph")
                self._connection.execute(_GRAPH)

    def close(self) -> None:
        self._connection.close()

    def _one(self, query: str, *values: object) -> Any:
        return self._connection.execute(query, values).fetchone()[0]

    def _next_generation(self) -> None:
        self._connection.execute("update atalho_about set value = (value::bigint + 1)::text where key = 'generation'")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            # Without the error itself in the chain, because it may hold the password.
            reason = without_secrets(str(error).strip(), self._address)
            raise GalleryError("Cannot use {path}: {reason}", path=self._shown, reason=reason) from None


def _libraries() -> tuple[Any, Any]:
    try:
        import pgvector.psycopg
        import psycopg
    except ImportError:
        reason = Text("Galleries in PostgreSQL need an extra.")
        raise GalleryError(Text.joined(reason, install("postgres"))) from None
    return psycopg, pgvector.psycopg
