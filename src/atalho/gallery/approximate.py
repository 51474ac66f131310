"""Approximate search in a large gallery: a FAISS graph beside the store, rebuilt when the store is newer.

A hierarchical small-world graph (Malkov and Yashunin 2018) compares a query with some thousands of vectors instead of
all. The file is read only if its digest is the one that the store remembers, because FAISS trusts what it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from atalho.errors import GalleryError, RunError
from atalho.gallery.store import Ids, Vectors
from atalho.storage import atomic
from atalho.text import Text

WORTHWHILE = 400_000
"""Images from which on a graph is used: below, comparing all of them is as quick to a person and exact."""
_NEIGHBOURS = 32
_BUILD_EFFORT = 80
_SEARCH_EFFORT = 256

Read = Callable[[], Iterable[tuple[Ids, Vectors]]]


class Approximate:
    """The graph of one store, kept in `path`."""

    def __init__(self, path: Path, worthwhile: int = WORTHWHILE) -> None:
        self._path = path
        self._least = worthwhile
        self._index: Any = None
        self._generation = -1

    def worthwhile(self, count: int) -> bool:
        """Whether a gallery of `count` images is searched through the graph."""
        return count >= self._least

    def nearest(
        self, queries: Vectors, k: int, generation: int, read: Read, trusted: str | None, trust: Callable[[str], None]
    ) -> tuple[Ids, Vectors]:
        """Ids and similarities (Q,k) as `exact.nearest_of_all` gives them, of a graph of this `generation`."""
        if self._generation != generation and not self._load(generation, trusted):
            self.build(generation, read, trust)
        similarities, ids = self._index.search(queries, min(k, self._index.ntotal))
        return ids, similarities

    def build(self, generation: int, read: Read, trust: Callable[[str], None]) -> None:
        """Make the graph from the vectors and keep it. What cannot be kept is only slower the next time."""
        faiss = _faiss()
        index: Any = None
        for ids, vectors in read():
            if index is None:
                graph = faiss.IndexHNSWFlat(vectors.shape[1], _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
                graph.hnsw.efConstruction, graph.hnsw.efSearch = _BUILD_EFFORT, _SEARCH_EFFORT
                index = faiss.IndexIDMap2(graph)
            index.add_with_ids(vectors, ids)
        if index is None:
            raise GalleryError(Text("The gallery is empty."))
        self._index, self._generation = index, generation
        content = faiss.serialize_index(index).tobytes()
        try:
            atomic.write_file(self._path, content)
        except RunError:
            return
        trust(json.dumps({"generation": generation, "sha256": hashlib.sha256(content).hexdigest()}))

    def forget(self) -> None:
        """Drop the graph."""
        self._index, self._generation = None, -1
        self._path.unlink(missing_ok=True)

    def _load(self, generation: int, trusted: str | None) -> bool:
        wanted = json.loads(trusted) if trusted else {}
        if wanted.get("generation") != generation or not self._path.is_file():
            return False
        content = self._path.read_bytes()
        if hashlib.sha256(content).hexdigest() != wanted["sha256"]:
            return False
        self._index = _faiss().deserialize_index(np.frombuffer(content, dtype=np.uint8))
        self._generation = generation
        return True


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise GalleryError(
            Text("A gallery of this size needs FAISS: pip install 'atalho[reid]'. Or search with --exact.")
        ) from None
    return faiss
