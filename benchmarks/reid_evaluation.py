"""Time and memory of the evaluation of re-identification at the size of Market-1501, and its exactness.

    python benchmarks/reid_evaluation.py [--queries 3368 --gallery 15913 --dimension 2048 --repeats 5]

Random identities with a share of right answers that is usual for a trained network; the distances are included. The
slow loop of the definition is compared on random cases. Writes results/reid-evaluation.json; peak memory is that of
the process less what it held before, and in all.
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch
from record import origin, write

from atalho.cli import prepare_process
from atalho.metrics import retrieval
from atalho.metrics.retrieval import EmbeddedImages

IDENTITIES, CAMERAS = 751, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=3368)
    parser.add_argument("--gallery", type=int, default=15913)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    centres = torch.randn(IDENTITIES, given.dimension)
    queries = _images(rng, centres, given.queries, 0)
    gallery = _images(rng, centres, given.gallery, given.queries)
    before = _peak()
    seconds = []
    for _repeat in range(given.repeats):
        start = time.perf_counter()
        ranks = retrieval.rank(queries, gallery)
        seconds.append(time.perf_counter() - start)
    result = {
        "queries": given.queries,
        "gallery": given.gallery,
        "dimension": given.dimension,
        "seconds": [round(value, 4) for value in seconds],
        "median_seconds": round(statistics.median(seconds), 4),
        "peak_mb": round(_peak()),
        "peak_above_data_mb": round(_peak() - before),
        "map": float(np.nanmean(ranks.average_precision)),
        "largest_difference": _against_the_definition(rng),
        "cases": CASES,
        "threads": torch.get_num_threads(),
        "provenance": origin("python benchmarks/reid_evaluation.py"),
    }
    print(write("reid-evaluation", result).name, {key: result[key] for key in list(result)[:-1]})


CASES = 100


def _images(rng: np.random.Generator, centres: torch.Tensor, count: int, first: int) -> EmbeddedImages:
    who = rng.integers(0, len(centres), count)
    vectors = centres[torch.from_numpy(who)] + 3 * torch.randn(count, centres.shape[1])
    return EmbeddedImages(vectors, who, rng.integers(0, CAMERAS, count), np.arange(first, first + count))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _against_the_definition(rng: np.random.Generator) -> float:
    """The largest difference of AP, INP and first rank to a loop over sorted lists, on small cases full of ties."""
    worst = 0.0
    for _case in range(CASES):
        vectors = torch.from_numpy(rng.integers(-2, 3, (40, 3))).float()
        images = EmbeddedImages(vectors, rng.integers(0, 6, 40), rng.integers(0, 3, 40), np.arange(40))
        ranks = retrieval.rank(images, images, metric="euclidean")
        found = zip(ranks.first, ranks.average_precision, ranks.inverse_penalty, strict=True)
        for query, row in enumerate(found):
            expected = _definition(images, query)
            if expected is not None:
                worst = max(worst, *(abs(a - b) for a, b in zip(row, expected, strict=True)))
    return float(worst)


def _definition(images: EmbeddedImages, query: int) -> tuple[float, float, float] | None:
    cameras = images.cameras
    assert cameras is not None
    same = images.identities == images.identities[query]
    kept = np.flatnonzero(~(same & (cameras == cameras[query])))
    distances = (images.embeddings[kept] - images.embeddings[query]).square().sum(1).tolist()
    ranked = sorted(zip(distances, same[kept].tolist(), strict=True))
    places = [place for place, (_distance, right) in enumerate(ranked, 1) if right]
    if not places:
        return None
    precisions = [hit / place for hit, place in enumerate(places, 1)]
    return places[0], sum(precisions) / len(precisions), len(places) / places[-1]


if __name__ == "__main__":
    prepare_process()
    main()
