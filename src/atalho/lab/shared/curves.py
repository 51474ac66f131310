"""The errors of a network over its training: what the cells of `lab depth` and `lab compare` measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from atalho.lab.shared.cells import Value
from atalho.lab.shared.training import TrainingBench, train
from atalho.lab.shared.verdict import SHARE, Estimate, Interval, Sample
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.training.progress import Progress

PROBE: Final = 2_000
"""Images of each split that are measured on after every epoch but the last, which is measured on all."""

ERRORS: Final = ("train_error", "test_error")


def measure(bench: TrainingBench, spec: Spec, seed: int, work: Path, progress: Progress) -> Value:
    """One network trained once: its errors on training and test images, in eval mode, after every epoch."""
    curve: list[dict[str, float]] = []
    whole = {split: bench.manifest.splits[split] for split in ("train", "test")}
    probes = {split: bench.some(split, PROBE) for split in whole}

    def look(network: Network, epoch: int) -> None:
        ids = whole if epoch == bench.recipe.epochs else probes
        curve.append({f"{split}_error": bench.error(network, ids[split]) for split in ids})

    train(bench, spec, seed, work, on_epoch=look, progress=progress)
    return {"curve": curve}


@dataclass(frozen=True)
class Errors:
    """The errors of a network in eval mode, over its seeds."""

    train_error_curve: tuple[Interval, ...]
    """After each epoch, on training images: 2,000 at most, and all of them after the last one."""
    train_error: Sample
    """At the end, on all training images."""
    test_error_curve: tuple[Interval, ...]
    """The same on test images."""
    test_error: Sample
    """At the end, on all test images."""


def band(points: Sequence[Interval]) -> tuple[list[float], list[float]] | None:
    """The lower and the upper ends, to be drawn; None where they are not all known."""
    ends = [(point.low, point.high) for point in points if point.low is not None and point.high is not None]
    if len(ends) < len(points):
        return None
    return [low for low, _high in ends], [high for _low, high in ends]


def over_seeds(curves: Sequence[Sequence[dict[str, float]]]) -> Errors:
    """The errors of the seeds together, out of the curve of each."""
    found: dict[str, Any] = {}
    for what in ERRORS:
        points = [[row[what] for row in rows] for rows in zip(*curves, strict=True)]
        estimates = [Estimate.over_seeds("", values, within=SHARE) for values in points]
        found[f"{what}_curve"] = tuple(estimate.interval() for estimate in estimates)
        found[what] = estimates[-1].sample(points[-1])
    return Errors(**found)
