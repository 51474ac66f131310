"""Networks that are trained from several seeds, and their errors over the training: `lab depth` and `lab compare`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from atalho import stored
from atalho.errors import ConfigError, nearest
from atalho.inspection.summary import Summary
from atalho.lab.shared import words
from atalho.lab.shared.cells import Finished
from atalho.lab.shared.session import Session
from atalho.lab.shared.training import TrainingBench, train
from atalho.lab.shared.verdict import SHARE, Interval, Sample
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.text import Text, _
from atalho.text.numbers import number
from atalho.training.progress import Progress

PROBE: Final = 2_000
"""Images of each split that are measured on after every epoch but the last, which is measured on all."""


@dataclass(frozen=True)
class EpochErrors:
    """The errors of a network in eval mode after an epoch."""

    train_error: float
    test_error: float


@dataclass(frozen=True)
class ErrorCurve:
    """What a cell holds: the errors after every epoch."""

    curve: tuple[EpochErrors, ...]


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


@dataclass(frozen=True)
class TrainingCandidate:
    """A network that is trained from several seeds."""

    name: str
    spec: Spec
    bench: TrainingBench
    size: Summary
    cell: str
    """What its cells begin with."""


def check_seeds(seeds: int) -> None:
    """Raises ConfigError where there is nothing to train from."""
    if seeds < 1:
        raise ConfigError("seeds {given}: give at least one; an interval needs two.", given=seeds)


def check_choice(unknown: Text, given: str, accepted: Sequence[str]) -> None:
    """Raises ConfigError, with the nearest, for a word that is not `accepted`."""
    if given not in accepted:
        raise ConfigError(Text.joined(unknown, nearest(given, accepted)))


def two_seeds(counts: Iterable[int]) -> list[str]:
    """What intervals over two seeds are worth, where any of the networks has only two."""
    if 2 not in counts:
        return []
    return [
        _(
            "Some intervals come from two seeds, which says little of their spread: Student's interval is then wide "
            "({factor} standard errors to each side). A third seed makes it about a third as wide."
        ).format(factor=number(12.7, 1))
    ]


def with_errors_in(session: Session[Any], bench: TrainingBench) -> TrainingBench:
    """The bench with errors measured as is asked; one that an older version began goes on as it was begun."""
    begun = session.begun
    if begun and "errors_in" not in begun and session.asked is None:
        return bench
    return replace(bench, errors_in=session.precision(begun.get("errors_in")))


def measure_errors(
    session: Session[Any], settings: Any, candidates: Sequence[TrainingCandidate], seeds: int
) -> tuple[Finished, Mapping[str, tuple[tuple[int, ...], Errors]]]:
    """Train every candidate from every seed; by the name of each, the seeds that are finished and its errors."""
    cells = {f"{one.cell}-seed{seed}": (one, seed) for seed in range(seeds) for one in candidates}
    plan = {
        cell: partial(measure, one.bench, one.spec, seed, session.work, session.progress)
        for cell, (one, seed) in cells.items()
    }
    costs = {cell: one.size.multiply_adds * one.bench.recipe.epochs for cell, (one, _seed) in cells.items()}
    titles = {cell: words.of_seed(one.name, seed) for cell, (one, seed) in cells.items()}
    done = session.measure(settings, plan, costs=costs, titles=titles)
    errors = {}
    for one in candidates:
        curves = {
            seed: stored.from_json(ErrorCurve, done.values[f"{one.cell}-seed{seed}"]).curve
            for seed in range(seeds)
            if f"{one.cell}-seed{seed}" in done.values
        }
        if curves:
            errors[one.name] = tuple(curves), over_seeds(list(curves.values()))
    return done, errors


def measure(bench: TrainingBench, spec: Spec, seed: int, work: Path, progress: Progress) -> ErrorCurve:
    """One network trained once: its errors on training and test images, in eval mode, after every epoch."""
    curve: list[EpochErrors] = []
    whole = {split: bench.manifest.splits[split] for split in ("train", "test")}
    probes = {split: bench.some(split, PROBE) for split in whole}

    def after(network: Network, epoch: int) -> None:
        ids = whole if epoch == bench.recipe.epochs else probes
        curve.append(EpochErrors(bench.error(network, ids["train"]), bench.error(network, ids["test"])))

    train(bench, spec, seed, work, on_epoch=after, progress=progress)
    return ErrorCurve(tuple(curve))


def over_seeds(curves: Sequence[Sequence[EpochErrors]]) -> Errors:
    """The errors of the seeds together, out of the curve of each."""

    def together(errors: Sequence[Sequence[float]]) -> tuple[tuple[Interval, ...], Sample]:
        points = list(zip(*errors, strict=True))
        intervals = tuple(Interval.over_seeds(values, within=SHARE) for values in points)
        return intervals, intervals[-1].sample(points[-1])

    trained = together([[point.train_error for point in curve] for curve in curves])
    return Errors(*trained, *together([[point.test_error for point in curve] for curve in curves]))
