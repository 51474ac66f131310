"""Networks of different designs at an equal budget: as many parameters or multiply-adds, or as long a training."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

from atalho.errors import ConfigError
from atalho.lab.shared.training import TrainingBench, train
from atalho.networks.family import LARGEST
from atalho.networks.plan import BOTTLENECKS
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, Spec
from atalho.text.numbers import percent
from atalho.training.progress import Progress, StepReport

Count = Callable[[Spec], int]

TOLERANCE: Final = 0.05
"""By which share a network may miss the budget; most are far nearer."""

_ROUNDS: Final = 3
_STEPS: Final = 8


def widened(spec: Spec, factor: float) -> Spec:
    """The same network, so many times as wide: every width, or the growth rate, times `factor`, rounded."""
    match spec:
        case ResNetSpec():
            step = spec.narrowing if spec.design in BOTTLENECKS else 1
            widths = tuple(_times(width, factor, step) for width in spec.widths)
            return replace(spec, widths=widths, stem_channels=_times(spec.stem_channels, factor))
        case MLPSpec():
            return replace(spec, widths=tuple(_times(width, factor) for width in spec.widths))
        case DenseNetSpec():
            stem = _times(spec.stem_channels, factor)
            return replace(spec, growth_rate=_times(spec.growth_rate, factor), stem_channels=stem)


def matched(spec: Spec, target: int, count: Count) -> Spec:
    """`spec` at the width whose `count` is nearest to `target`.

    Raises ConfigError where none comes within TOLERANCE: a network of few channels grows in large steps.
    """
    factor = 1.0
    for _approach in range(4):  # counts grow about as the square of the width
        factor *= math.sqrt(target / count(widened(spec, factor)))
    best = min(_around(spec, factor), key=lambda one: abs(count(one) - target))
    if abs(count(best) - target) > TOLERANCE * target:
        raise ConfigError(
            "No width of this network is within {tolerance} of {target}; the closest has {nearest}.",
            tolerance=percent(TOLERANCE, 0),
            target=target,
            nearest=count(best),
        )
    return best


def step_seconds(bench: TrainingBench, specs: Mapping[str, Spec], work: Path) -> dict[str, float]:
    """The median time of a training step of each network, in seconds, taken in turn over a few rounds."""
    few = bench.manifest.splits["train"][: _STEPS * bench.recipe.batch_size]
    manifest = replace(bench.manifest, splits={**bench.manifest.splits, "train": few})
    small = replace(bench, pixels=replace(bench.pixels, manifest=manifest), recipe=replace(bench.recipe, epochs=2))
    clocks = {name: _Clock() for name in specs}
    for _round in range(_ROUNDS):
        for name, spec in specs.items():
            clocks[name].restart()
            train(small, spec, 0, work, progress=clocks[name])
    return {name: median(clock.seconds) for name, clock in clocks.items()}


class _Clock(Progress):
    """The seconds between one step and the next; the first step of a round only starts it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last: float | None = None

    def restart(self) -> None:
        self._last = None

    def step(self, report: StepReport) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self.seconds.append(now - self._last)
        self._last = now


def _times(width: int, factor: float, step: int = 1) -> int:
    return max(1, min(LARGEST // step, round(width * factor / step))) * step


def _around(spec: Spec, factor: float) -> Iterator[Spec]:
    """Widths a little below and above; of a DenseNet also stems, which tune its size more finely."""
    if not isinstance(spec, DenseNetSpec):
        yield from {widened(spec, factor * (1 + place / 64)) for place in range(-6, 7)}
        return
    middle = _times(spec.growth_rate, factor)
    for growth in range(max(1, middle - 1), middle + 2):
        for halves in range(2, 7):
            yield replace(spec, growth_rate=growth, stem_channels=growth * halves // 2)
