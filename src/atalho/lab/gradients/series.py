"""What `lab gradients` measures of a network at each moment; then means with intervals, and the verdict."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from torch import Tensor

from atalho.inspection import paths
from atalho.inspection.gradient_flow import gradient_flow
from atalho.inspection.paths import PathLength
from atalho.inspection.shattering import correlations
from atalho.lab.gradients.result import GradientsSeries, Moment, Paths
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.networks.network import Network
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.precision import Precision
from atalho.text import Text

START: Final = "start"
TRAINED: Final = "trained"
"""The moments of a run. Those of a network that is trained a little are `start`, `epoch1`, `epoch2`, …"""

LINES: Final = 16
"""The likeness of gradients is measured along at most so many lines between images."""

_PATH_IMAGES: Final = 32
_PATH_SAMPLES: Final = 10


@dataclass(frozen=True)
class Probe:
    """The gradient at every block, its likeness at neighbouring inputs, and its share by length of path."""

    blocks: tuple[str, ...]
    entering: tuple[float, ...]
    """The norm of the gradient by what enters each block."""
    weights: tuple[float, ...]
    """The norm of the gradient by each block's weights."""
    cosines: tuple[float, ...]
    """At every distance between one image and another."""
    paths: tuple[float, ...] | None
    """None for a network that has one path only."""


def probe(network: Network, images: Tensor, targets: Tensor, *, precision: Precision, seed: int) -> Probe:
    """Measure a network, computing in `precision`, on `images` (N,C,H,W) with classes `targets` (N,).

    Likeness is measured on lines between the first of them, paths with the first 32.
    """
    shares = None
    with precision.autocast():
        flow = gradient_flow(network, images, targets)
        if paths.several(network):
            few = images[:_PATH_IMAGES], targets[:_PATH_IMAGES]
            shares = tuple(row.share for row in paths.by_length(network, *few, samples=_PATH_SAMPLES, seed=seed))
        cosines = correlations(network, images, targets, lines=min(LINES, len(images) // 2))
    return Probe(
        blocks=tuple(row.name for row in flow),
        entering=tuple(row.entering for row in flow),
        weights=tuple(row.weights for row in flow),
        cosines=tuple(cosines),
        paths=shares,
    )


def series(name: str, spec: Spec, values: Mapping[str, Mapping[str, Probe]]) -> GradientsSeries:
    """What is known of one network: by moment, over its seeds (or, of a trained run, batches of images)."""
    probes = defaultdict(list)
    for cell, value in values.items():
        if cell.rpartition(".")[0] == name:
            for moment, probe in value.items():
                probes[moment].append(probe)
    shortcuts = isinstance(spec, DenseNetSpec) or spec.shortcut != "none"
    return GradientsSeries(name, spec, shortcuts, {moment: _moment(several) for moment, several in probes.items()})


def geometric(values: Sequence[float], name: str | None = None) -> Interval:
    """The geometric mean and Student's interval of the logarithms: for norms, which differ by factors."""
    logarithms = Interval.over_seeds([math.log(max(value, 1e-300)) for value in values])
    # Of one value alone nothing is known: 0 to infinity.
    ends = logarithms.ends or (-math.inf, math.inf)
    mean, low, high = (math.inf if end > 700 else math.exp(end) for end in (logarithms.mean, *ends))
    return Interval(name=name, mean=mean, low=low, high=high)


def judge(measured: Sequence[GradientsSeries]) -> Verdict:
    """The verdict on the highway: a gradient that is more even from last block to first, and more alike at neighbours.

    Both are asked of the networks as they begin, and as they end where they were trained.
    """
    by_kind = {one.shortcuts: one for one in measured}
    if len(by_kind) < 2:
        return Verdict(())
    pair = by_kind[True], by_kind[False]
    shared = [moment for moment in pair[0].moments if moment in pair[1].moments]
    comparisons = []
    for moment in dict.fromkeys(shared[:1] + shared[-1:]):
        uneven, alike = _quantities(moment)
        factors = [geometric(one.moments[moment].factors, one.name) for one in pair]
        cosines = [one.moments[moment].neighbour.named(one.name) for one in pair]
        comparisons.append(Comparison(uneven, factors[0], "below", factors[1], "number"))
        comparisons.append(Comparison(alike, cosines[0], "above", cosines[1], "number"))
    return Verdict(tuple(comparisons))


def _quantities(moment: str) -> tuple[Text, Text]:
    if moment == START:
        return (
            Text("factor by which the gradient changes from the last block to the first, as the networks begin"),
            Text("cosine between the gradients of neighbouring inputs, as the networks begin"),
        )
    return (
        Text("factor by which the gradient changes from the last block to the first, after training"),
        Text("cosine between the gradients of neighbouring inputs, after training"),
    )


def _moment(probes: Sequence[Probe]) -> Moment:
    """Over several: every block's figures, the ratio of the first to the last, cosines, shares of paths."""
    ratios = [probe.entering[0] / probe.entering[-1] for probe in probes]
    own = [probe.weights[0] / probe.weights[-1] for probe in probes]
    neighbours = [probe.cosines[1] for probe in probes]
    relative = [[norm / probe.entering[-1] for norm in probe.entering] for probe in probes]
    return Moment(
        looks=len(probes),
        blocks=probes[0].blocks,
        entering=_by_place([probe.entering for probe in probes], geometric),
        relative=_by_place(relative, geometric),
        weights=_by_place([probe.weights for probe in probes], geometric),
        ratio=geometric(ratios, name="").sample(ratios),
        ratio_weights=geometric(own, name="").sample(own),
        factors=tuple(max(ratio, 1 / ratio) for ratio in ratios),
        neighbours=tuple(neighbours),
        neighbour=Interval.over_seeds(neighbours, name=""),
        cosines=_by_place([probe.cosines for probe in probes], Interval.over_seeds),
        paths=_paths([probe.paths for probe in probes if probe.paths is not None]),
    )


def _by_place(rows: Sequence[Sequence[float]], mean: Callable[[Sequence[float]], Interval]) -> tuple[Interval, ...]:
    """Mean and interval at each place of equally long rows."""
    return tuple(mean(column) for column in zip(*rows, strict=True))


def _paths(rows: Sequence[Sequence[float]]) -> Paths | None:
    """The mean share of each length, and between which lengths most of the gradient comes."""
    if not rows:
        return None
    shares = [fmean(column) for column in zip(*rows, strict=True)]
    low, high = paths.middle([PathLength(length, 0.0, share) for length, share in enumerate(shares)])
    return Paths(tuple(shares), (low, high))
