"""`lab landscape`: the loss around trained networks, along lines and on a plane, for two on one scale (Li et al. 2018).

Steps are shares of the weights, filter by filter, and a network and its plain twin take them by the same random
numbers. The images are a fixed part of the training images, for it is the training loss that training goes down.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import Unpack

import numpy as np
from torch import Tensor

from atalho.errors import ConfigError
from atalho.inspection import landscape
from atalho.inspection.directions import filter_normalised
from atalho.inspection.landscape import Norms
from atalho.lab.landscape.page import LandscapeResult
from atalho.lab.landscape.result import (
    Centre,
    LandscapeMeasured,
    LandscapeSeries,
    LandscapeSettings,
    Line,
)
from atalho.lab.shared import subset, trained
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.trained import Compared, TrainedNetwork
from atalho.lab.shared.verdict import SHARE, Comparison, Interval, Verdict
from atalho.stored import from_json
from atalho.surgery.lesion import silenceable
from atalho.text import Text, _

BATCH = 256
"""Images at once; recomputed statistics of norms are those of so many."""

Batches = Sequence[tuple[Tensor, Tensor]]


def run(
    network: Path | str,
    data: Path | str | None = None,
    *,
    beside: Path | str | None = None,
    images: int = 512,
    points: int = 21,
    reach: float = 1.0,
    lines: int = 5,
    norms: Norms = "recomputed",
    seed: int = 0,
    **options: Unpack[BudgetedOptions],
) -> LandscapeResult:
    """Measure the loss around `network`, and around `beside`, on `images` training images; the result.

    `lines` random lines of `points` points, and a plane of points × points, each from -reach to reach, where 1 moves
    every filter by its own length. `norms` see `inspection.landscape.Norms`. The folder (default `lab/landscape-<name
    of network>`) keeps what is finished, by line and by row of the plane: the same call goes on.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    _check(points, reach, lines)
    runs = [network] if beside is None else [network, beside]
    session = Session.begin(LandscapeResult, trained.names(runs)[0], trained.beside(runs[0]), **options)
    precision = session.precision(session.begun.get("precision"))
    networks, chosen = subset.of_runs(
        runs, data, "train", count=images, seed=seed, precision=precision, progress=session.progress
    )
    settings = LandscapeSettings(
        experiment="landscape",
        measured_on=subset.describe(networks, chosen),
        points=points,
        reach=reach,
        norms=norms,
        seed=seed,
        lines=lines,
        compared=Compared.of(networks),
    )
    steps = np.linspace(-reach, reach, points).tolist()
    batches = list(chosen.batches(BATCH, precision.device))
    plan = _plan(networks, batches, steps, lines, norms, seed)
    done = session.measure(settings, plan, titles={cell: _title(cell) for cell in plan})
    guess = math.log(len(networks[0].model.classes))
    values = from_json(dict[str, Line], done.values)
    series = tuple(_series(one, values, steps, lines, guess) for one in networks)
    return session.finish(
        networks[0].name,
        settings,
        LandscapeMeasured(series, tuple(steps), guess),
        judge(series),
        done,
        [seed],
        precision,
    )


def judge(series: Sequence[LandscapeSeries]) -> Verdict:
    """The verdict on how wide the valley is: with shortcuts wider than without. Of one network there is none."""
    radii = {one.shortcuts: one.radius.named(one.name) for one in series if one.radius is not None}
    if len(radii) < 2:
        return Verdict(())
    quantity = Text("how far the weights can go until the loss is halfway to that of a guess, as a share of themselves")
    return Verdict((Comparison(quantity, radii[True], "above", radii[False], "number"),))


def halfway(steps: Sequence[float], losses: Sequence[float | None], level: float) -> float:
    """The step, on average over both sides, at which the loss along a line first reaches `level`.

    Between two points it is taken to rise evenly. Where it never does, the end of the line counts.
    """
    middle = len(steps) // 2
    return (
        _crossing(steps[middle:], losses[middle:], level) - _crossing(steps[middle::-1], losses[middle::-1], level)
    ) / 2


def outward_falls(losses: Sequence[float | None]) -> float:
    """The share of the steps away from the middle on which the loss falls: 0 in a plain bowl."""
    middle = len(losses) // 2
    sides = (losses[middle:], losses[middle::-1])
    falls = [a is None or (b is not None and b < a) for side in sides for a, b in pairwise(side)]
    return sum(falls) / len(falls)


def _crossing(steps: Sequence[float], losses: Sequence[float | None], level: float) -> float:
    for k in range(1, len(steps)):
        before, after = losses[k - 1], losses[k]
        if after is None or before is None:
            return steps[k]
        if after >= level:
            share = (level - before) / (after - before) if after > before else 0.0
            return steps[k - 1] + max(0.0, share) * (steps[k] - steps[k - 1])
    return steps[-1]


def _plan(
    networks: Sequence[TrainedNetwork], batches: Batches, steps: Sequence[float], lines: int, norms: Norms, seed: int
) -> Mapping[str, Callable[[], Line]]:
    """What to do for each cell: the lines of all networks, then the rows of all planes."""

    def along(one: TrainedNetwork, draws: Sequence[int], places: Sequence[tuple[float, ...]]) -> Line:
        directions = [filter_normalised(one.network, seed=seed, draw=draw) for draw in draws]
        with landscape.around(one.network, directions, batches, one.model.precision, norms=norms) as at:
            points = [at(*place) for place in places]
        return Line(tuple(point.loss for point in points), tuple(point.error for point in points))

    on_lines = {
        f"{one.name}.line{draw}": partial(along, one, [draw], [(x,) for x in steps])
        for draw, one in product(range(lines), networks)
    }
    rows = {
        f"{one.name}.row{row:02d}": partial(along, one, [0, 1], [(x, y) for x in steps])
        for (row, y), one in product(enumerate(steps), networks)
    }
    return on_lines | rows


def _title(cell: str) -> str:
    """What a cell measures: a line of a network, or a row of its plane."""
    name, _dot, row = cell.rpartition(".row")
    if name:
        return _("{network}, row {n} of the plane").format(network=name, n=int(row) + 1)
    name, _dot, line = cell.rpartition(".line")
    return _("{network}, line {n}").format(network=name, n=int(line) + 1)


def _series(
    one: TrainedNetwork, values: Mapping[str, Line], steps: Sequence[float], lines: int, guess: float
) -> LandscapeSeries:
    """What is known of one network; None for what is not measured yet."""
    names = (f"{one.name}.line{draw}" for draw in range(lines))
    along = tuple(values[name] for name in names if name in values)
    rows = [values.get(f"{one.name}.row{row:02d}") for row in range(len(steps))]
    centre = radius = falling = None
    if along:
        middle = len(steps) // 2
        falls = [outward_falls(line.loss) for line in along]
        falling = Interval.over_seeds(falls, one.name, within=SHARE).sample(falls)
        centre = Centre(along[0].loss[middle], along[0].error[middle])
        if centre.loss is not None and centre.loss < guess:
            radii = [halfway(steps, line.loss, (centre.loss + guess) / 2) for line in along]
            radius = Interval.over_seeds(radii, one.name).sample(radii)
    return LandscapeSeries(
        name=one.name,
        shortcuts=bool(silenceable(one.network)),
        lines=along,
        loss=tuple(row.loss if row else None for row in rows),
        error=tuple(row.error if row else None for row in rows),
        centre=centre,
        radius=radius,
        falling=falling,
    )


def _check(points: int, reach: float, lines: int) -> None:
    if points < 5 or points % 2 == 0:
        raise ConfigError(
            "--points {given} is not accepted: it must be an odd number of at least 5, so that one point is "
            "the centre.",
            given=points,
        )
    if not reach > 0 or not math.isfinite(reach):
        raise ConfigError("--reach {given} is not accepted: it must be greater than 0.", given=reach)
    if lines < 1:
        raise ConfigError("--lines {given} is not accepted: it must be at least 1.", given=lines)
