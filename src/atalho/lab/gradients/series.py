"""From what `lab gradients` saw at each moment to means with intervals, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from atalho.inspection import paths
from atalho.inspection.paths import PathLength
from atalho.lab.gradients.result import GradientsSeries, Moment, Paths
from atalho.lab.shared.verdict import Comparison, Estimate, Interval, Verdict
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.text import Text

START: Final = "start"
TRAINED: Final = "trained"
"""The moments of a run. Those of a network that is trained a little are `start`, `epoch1`, `epoch2`, …"""

Look = Mapping[str, Any]


def series(name: str, spec: Spec, values: Mapping[str, Mapping[str, Look]]) -> GradientsSeries:
    """What is known of one network: by moment, over its seeds (or, of a trained run, batches of images)."""
    looks: dict[str, list[Look]] = {}
    for cell, value in values.items():
        if cell.rpartition(".")[0] == name:
            for moment, seen in value.items():
                looks.setdefault(moment, []).append(seen)
    shortcuts = isinstance(spec, DenseNetSpec) or spec.shortcut != "none"
    return GradientsSeries(name, spec, shortcuts, {moment: _moment(seen) for moment, seen in looks.items()})


def geometric(name: str, values: Sequence[float]) -> Estimate:
    """The geometric mean and Student's interval of the logarithms: for norms, which differ by factors."""
    found = Estimate.over_seeds(name, [math.log(max(value, 1e-300)) for value in values])
    # Of one value alone nothing is known, which its interval of everything says: 0 to infinity.
    return Estimate(name, *(math.inf if end > 700 else math.exp(end) for end in (found.mean, found.low, found.high)))


def judge(measured: Sequence[GradientsSeries]) -> Verdict:
    """The verdict on the highway: a gradient that is more even from last block to first, and more alike at neighbours.

    Both are asked of the networks as they begin, and as they end where they were trained.
    """
    by_kind = {one.shortcuts: one for one in measured}
    if len(by_kind) < 2:
        return Verdict(())
    pair = by_kind[True], by_kind[False]
    shared = [moment for moment in pair[0].moments if moment in pair[1].moments]
    found = []
    for moment in dict.fromkeys(shared[:1] + shared[-1:]):
        uneven, alike = _quantities(moment)
        factors = [geometric(one.name, one.moments[moment].factors) for one in pair]
        cosines = [Estimate.over_seeds(one.name, one.moments[moment].neighbours) for one in pair]
        found.append(Comparison(uneven, factors[0], "below", factors[1], "number"))
        found.append(Comparison(alike, cosines[0], "above", cosines[1], "number"))
    return Verdict(tuple(found))


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


def _moment(looks: Sequence[Look]) -> Moment:
    """Over several looks: every block's figures, the ratio of the first to the last, cosines, shares of paths."""
    ratios = [look["entering"][0] / look["entering"][-1] for look in looks]
    own = [look["weights"][0] / look["weights"][-1] for look in looks]
    neighbours = [look["cosines"][1] for look in looks]
    relative = [[norm / look["entering"][-1] for norm in look["entering"]] for look in looks]
    return Moment(
        looks=len(looks),
        blocks=tuple(looks[0]["blocks"]),
        entering=_by_place([look["entering"] for look in looks], geometric),
        relative=_by_place(relative, geometric),
        weights=_by_place([look["weights"] for look in looks], geometric),
        ratio=geometric("", ratios).sample(ratios, name=""),
        ratio_weights=geometric("", own).sample(own, name=""),
        factors=tuple(max(ratio, 1 / ratio) for ratio in ratios),
        neighbours=tuple(neighbours),
        neighbour=Estimate.over_seeds("", neighbours).interval(name=""),
        cosines=_by_place([look["cosines"] for look in looks], Estimate.over_seeds),
        paths=_paths([look["paths"] for look in looks if look["paths"] is not None]),
    )


def _by_place(
    rows: Sequence[Sequence[float]], mean: Callable[[str, Sequence[float]], Estimate]
) -> tuple[Interval, ...]:
    """Mean and interval at each place of equally long rows."""
    return tuple(mean("", column).interval() for column in zip(*rows, strict=True))


def _paths(rows: Sequence[Sequence[float]]) -> Paths | None:
    """The mean share of each length, and between which lengths most of the gradient comes."""
    if not rows:
        return None
    shares = [fmean(column) for column in zip(*rows, strict=True)]
    low, high = paths.middle([PathLength(length, 0.0, share) for length, share in enumerate(shares)])
    return Paths(tuple(shares), (low, high))
