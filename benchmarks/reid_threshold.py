"""What a threshold that was chosen on validation identities does on alphabets that were never seen.

    python benchmarks/reid_threshold.py RUN

RUN is what `benchmarks/reid_omniglot.py` trained; a copy of it is worked on. For each wanted rate of false accepts:
the threshold, its errors where it was chosen and on the test images, and the test again after re-ranking and query
expansion. Writes results/reid-threshold.json.
"""

import argparse
import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import Any

from record import origin, write

import atalho
from atalho.cli import prepare_process
from atalho.metrics.retrieval_figures import RetrievalFigures
from atalho.runs.run import Run
from atalho.stored import to_object

WANTED = (0.01, 0.001)
FIGURES = ("rank1", "map", "minp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(shutil.copytree(given.run, Path(folder) / "run")))
        manifest = run.manifest
        thresholds = [_chosen(run, far) for far in WANTED]
        found = atalho.evaluate(run.path, rerank=atalho.Rerank(), expand=3)
    ways = {"plain": found, "reranked": found.reranked, "expanded": found.expanded}
    result = {
        "thresholds": thresholds,
        "validation_identities": len(set(manifest.labels[manifest.splits["val"]].tolist())),
        "test_identities": found.identities,
        "protocol": found.protocol,
        "ranking": {way: _short(values) for way, values in ways.items()},
        "rerank": dataclasses.asdict(atalho.Rerank()),
        "expanded_answers": found.expanded.answers,
    }
    write("reid-threshold", result | {"provenance": origin("python benchmarks/reid_threshold.py RUN")})


def _chosen(run: Run, far: float) -> dict[str, Any]:
    chosen = atalho.threshold(run.path, false_accept=far)
    return {"validation": chosen.to_dict(), "test": run.evaluation.at_threshold.to_dict()}


def _short(found: RetrievalFigures) -> dict[str, Any]:
    values = to_object(found)
    return {key: values[key] for name in FIGURES for key in (name, f"{name}_interval")}


if __name__ == "__main__":
    prepare_process()
    main()
