"""Time and memory of re-ranking at the size of Market-1501: k-reciprocal neighbours of 3,368 queries among 15,913.

    python benchmarks/reid_rerank.py [--queries 3368 --gallery 15913 --dimension 2048 --repeats 3]

The vectors are drawn: 751 identities with noise that leaves a first ranking worth improving. Mean average precision
before and after says that the work was done; on drawn vectors it says nothing of real ones. Writes
results/reid-rerank.json. Memory is the most that the process held, in all and above what it held before.
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch
from record import origin, write

from atalho.cli import prepare_process
from atalho.gallery.rerank import k_reciprocal

IDENTITIES = 751
NOISE = 4.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=3368)
    parser.add_argument("--gallery", type=int, default=15913)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(IDENTITIES, given.dimension, generator=generator)
    queries, asked = _images(centres, given.queries, generator)
    gallery, held = _images(centres, given.gallery, generator)
    right = asked[:, None] == held[None]
    before = _peak()
    seconds = []
    for _repeat in range(given.repeats):
        start = time.perf_counter()
        distances = k_reciprocal(queries, gallery)
        seconds.append(time.perf_counter() - start)
    peak = _peak()
    result = {
        "queries": given.queries,
        "gallery": given.gallery,
        "dimension": given.dimension,
        "seconds": [round(value, 2) for value in seconds],
        "median_seconds": round(statistics.median(seconds), 2),
        "peak_mb": round(peak),
        "peak_above_data_mb": round(peak - before),
        "map_before": round(_map(1 - queries @ gallery.T, right), 4),
        "map_after": round(_map(distances, right), 4),
        "threads": torch.get_num_threads(),
        "provenance": origin("python benchmarks/reid_rerank.py"),
    }
    print(write("reid-rerank", result).name, {key: result[key] for key in list(result)[:-1]})


def _images(centres: torch.Tensor, count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit vectors (N,D) and their identities (N,)."""
    who = torch.randint(len(centres), (count,), generator=generator)
    noise = NOISE * torch.randn(count, centres.shape[1], generator=generator)
    return torch.nn.functional.normalize(centres[who] + noise, dim=1), who


def _map(distances: torch.Tensor, right: torch.Tensor) -> float:
    """Mean average precision over the queries that have a right answer."""
    hits = right.gather(1, distances.argsort(1)).numpy()
    places = np.arange(1, hits.shape[1] + 1)
    precision = (hits.cumsum(1) / places * hits).sum(1) / np.maximum(hits.sum(1), 1)
    return float(precision[hits.any(1)].mean())


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    prepare_process()
    main()
