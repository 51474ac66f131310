"""The errors of a network over its training: what the cells of `lab depth` and `lab compare` measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from atalho.lab.shared.cells import Value
from atalho.lab.shared.training import Bench, train
from atalho.lab.shared.verdict import SHARE, Estimate
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.training.progress import Progress

PROBE: Final = 2_000
"""Images of each split that are measured on after every epoch but the last, which is measured on all."""

ERRORS: Final = ("train_error", "test_error")


def measure(bench: Bench, spec: Spec, seed: int, work: Path, progress: Progress) -> Value:
    """One network trained once: its errors on training and test images, in eval mode, after every epoch."""
    curve: list[dict[str, float]] = []
    whole = {split: bench.manifest.splits[split] for split in ("train", "test")}
    probes = {split: bench.some(split, PROBE) for split in whole}

    def look(network: Network, epoch: int) -> None:
        ids = whole if epoch == bench.recipe.epochs else probes
        curve.append({f"{split}_error": bench.error(network, ids[split]) for split in ids})

    train(bench, spec, seed, work, on_epoch=look, progress=progress)
    return {"curve": curve}


def over_seeds(curves: Sequence[Sequence[dict[str, float]]]) -> dict[str, Any]:
    """Each error's course, a list of {mean, low, high}, and its end, which holds the `values` of the seeds too."""
    found: dict[str, Any] = {}
    for what in ERRORS:
        points = [[row[what] for row in rows] for rows in zip(*curves, strict=True)]
        found[f"{what}_curve"] = [Estimate.over_seeds("", values, within=SHARE).interval() for values in points]
        found[what] = found[f"{what}_curve"][-1] | {"values": points[-1]}
    return found
