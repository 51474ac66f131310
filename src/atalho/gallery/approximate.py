"""Approximate search in a large gallery: a FAISS graph beside the store.

New images are added to it. It is built again where images were taken out, because a graph cannot lose any.

A hierarchical small-world graph (Malkov and Yashunin 2018) compares a query with some thousands of vectors instead of
all. The file is read only if its digest is the one that the store remembers, because FAISS trusts what it reads.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from atalho import limits
from atalho.errors import GalleryError, RunError, install
from atalho.gallery.store import Ids, Vectors
from atalho.storage import atomic
from atalho.text import Text

WORTHWHILE = 400_000
"""Images from which on a graph is used: below, comparing all of them is as quick to a person and exact."""
FEW = 1000
"""New images that are added whenever a process first searches; with more, the file is written again."""
_NEIGHBOURS = 32
_BUILD_EFFORT = 80
_SEARCH_EFFORT = 256


class Source(Protocol):
    """The store that a graph is derived from. Ids rise with every image that comes, and none is given again."""

    def blocks(self, after: int = 0) -> Iterable[tuple[Ids, Vectors]]:
        """The ids (N,) and vectors (N,D) of all images with ids above `after`, in their order."""

    def count_until(self, last: int) -> int:
        """How many images have ids up to `last`."""

    def derived(self) -> str | None:
        """What `trust` remembered; None where images were taken out since."""

    def trust(self, digest: str) -> None:
        """Remember which file is ours."""


class Approximate:
    """The graph of one store, kept in `path`."""

    def __init__(self, path: Path, worthwhile: int = WORTHWHILE, few: int = FEW) -> None:
        self._path = path
        self._least = worthwhile
        self._few = few
        self._index: Any = None
        self._generation = -1
        self._digest: str | None = None
        self._unkept = 0

    def worthwhile(self, count: int) -> bool:
        """Whether a gallery of `count` images is searched through the graph."""
        return count >= self._least

    def nearest(self, queries: Vectors, k: int, generation: int, source: Source) -> tuple[Ids, Vectors]:
        """Ids and similarities (Q,k) as `exact.nearest_of_all` gives them, of a graph of this `generation`."""
        if self._generation != generation and not self._follow(generation, source):
            self.build(generation, source)
        similarities, ids = self._index.search(queries, min(k, self._index.ntotal))
        return ids, similarities

    def build(self, generation: int, source: Source) -> None:
        """Make the graph from all vectors and keep it."""
        self._index = None
        self._add(source, 0)
        if self._index is None:
            raise GalleryError("The gallery is empty.")
        self._generation = generation
        self._keep(source)

    def forget(self) -> None:
        """Drop the graph, from memory and from the disk."""
        self._index, self._generation, self._digest = None, -1, None
        self._path.unlink(missing_ok=True)

    def _follow(self, generation: int, source: Source) -> bool:
        """Add what came since to the graph in memory or in the file; False where images went, or there is no graph."""
        trusted = _trusted(source.derived())
        if self._index is None or trusted != self._digest:
            self._load(trusted)
        if self._index is None:
            return False
        last = int(_faiss().vector_to_array(self._index.id_map).max())
        last = self._add(source, last)
        if self._index.ntotal != source.count_until(last):
            return False
        self._generation = generation
        if self._unkept > self._few:
            self._keep(source)
        return True

    def _add(self, source: Source, last: int) -> int:
        """Add the images with ids above `last`; the last id that is there now."""
        faiss = _faiss()
        for ids, vectors in source.blocks(last):
            if self._index is None:
                graph = faiss.IndexHNSWFlat(vectors.shape[1], _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
                graph.hnsw.efConstruction, graph.hnsw.efSearch = _BUILD_EFFORT, _SEARCH_EFFORT
                self._index = faiss.IndexIDMap2(graph)
            self._index.add_with_ids(vectors, ids)
            self._unkept += len(ids)
            last = int(ids[-1])
        return last

    def _keep(self, source: Source) -> None:
        """Write the graph. What cannot be kept is only slower the next time."""
        content = _faiss().serialize_index(self._index).tobytes()
        try:
            atomic.write_file(self._path, content)
        except RunError:
            return
        self._digest, self._unkept = hashlib.sha256(content).hexdigest(), 0
        source.trust(json.dumps({"generation": self._generation, "sha256": self._digest}))

    def _load(self, trusted: str | None) -> None:
        """Read the graph from its file, if that is the trusted one."""
        self._index, self._generation, self._digest, self._unkept = None, -1, None, 0
        if trusted is None or not self._path.is_file():
            return
        content = limits.read(self._path, limits.TENSORS)
        if hashlib.sha256(content).hexdigest() == trusted:
            self._index = _faiss().deserialize_index(np.frombuffer(content, dtype=np.uint8))
            self._digest = trusted


def _trusted(derived: str | None) -> str | None:
    """The digest that a store remembers; None where that is damaged."""
    try:
        return str(json.loads(derived or "")["sha256"])
    except (ValueError, TypeError, KeyError):
        return None


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        reason = Text("A gallery of this size needs FAISS, unless it is searched with --exact.")
        raise GalleryError(Text.joined(reason, install("reid"))) from None
    return faiss
