"""`lab lesion`: how much a trained network misses each of its blocks (Veit et al. 2016, section 4).

Each block in turn is removed: what came to it goes to the next one. That is defined, and the same cut, in a residual
network and in its plain twin, wherever the shape stays. Blocks that change the shape cannot be removed; where they have
a shortcut they are silenced, and so are dense layers. Then several blocks at once, at random, and neighbours swapped.
Nothing is trained again, and norms keep their statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho.errors import ConfigError
from atalho.lab.lesion.cut import Cut, every, measure, right_images
from atalho.lab.lesion.page import DRAWING
from atalho.lab.shared import cells, result, subset
from atalho.lab.shared import trained as subjects
from atalho.lab.shared.subset import Subset
from atalho.lab.shared.trained import Subject
from atalho.lab.shared.verdict import Comparison, Estimate, Verdict
from atalho.metrics.intervals import over_images, t_interval, wilson
from atalho.networks.spec import to_dict
from atalho.precision import choose
from atalho.surgery import lesion
from atalho.text import Text
from atalho.training.progress import Progress

COUNTS: Final = (2, 4, 8, 16)


def run(
    run: Path | str,
    data: Path | str | None = None,
    *,
    beside: Path | str | None = None,
    images: int = 2000,
    counts: Sequence[int] = COUNTS,
    draws: int = 5,
    seed: int = 0,
    budget_minutes: float | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Measure the accuracy of `run` (a run or model folder) without each of its blocks; the folder of the result.

    It is measured on `images` test images of `data`, by default those of the run. `beside` is a second network, the
    plain twin, which loses the same blocks. `counts` are how many blocks are removed at random, `draws` times each.
    The folder (default `lab/lesion-<name of run>`) keeps what is finished: the same call goes on.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    progress = progress or Progress()
    if draws < 2 or not all(count > 0 for count in counts):
        raise ConfigError(Text("Blocks at random: give counts of 1 or more, and 2 draws or more."))
    precision = choose("auto", "auto")
    runs = [run] if beside is None else [run, beside]
    folder = cells.place(out, f"lesion-{subjects.names(runs)[0]}")
    found, chosen = subset.of_runs(runs, data, "test", count=images, seed=seed, precision=precision, progress=progress)
    plan = {cut.cell: cut for one in found for cut in every(one, counts, draws, seed)}
    settings = {
        "experiment": "lesion",
        **subset.describe(found, chosen),
        "draws": draws,
        "seed": seed,
    }
    done = cells.run(
        folder,
        settings,
        list(plan),
        lambda name: measure(plan[name], chosen),
        budget_minutes=budget_minutes,
        progress=progress,
    )
    measured = [_series(one, plan, done.values, chosen) for one in found]
    made = result.make(
        DRAWING,
        found[0].name,
        settings | {"differences": subjects.differences(found), "trained": subjects.trainings(found)},
        {"series": measured, "chance": chosen.chance_level(), "side": chosen.preprocessing.size},
        judge(measured),
        cells=done,
        command=command,
        seeds=[seed],
        precision=precision,
    )
    return result.write(folder, made, DRAWING)


def judge(series: Sequence[Mapping[str, Any]]) -> Verdict:
    """The verdict on what one block is worth: the median share of the accuracy above chance that goes with it.

    A residual network must lose less than a plain one. Where there is but one kind, a residual network must lose less
    than half of what it has, and a plain one more.
    """
    quantity = Text("accuracy above chance that is lost with one block, median over the blocks")
    if not all("median_lost" in one for one in series):
        return Verdict(())
    lost = {kind: [_estimate(one) for one in series if one["shortcuts"] is kind] for kind in (True, False)}
    pairs = list(product(lost[True], lost[False]))
    if pairs:
        return Verdict(tuple(Comparison(quantity, residual, "below", plain) for residual, plain in pairs))
    half = Estimate.exact(Text("half of it"), 0.5)
    alone = [Comparison(quantity, one, "below" if kind else "above", half) for kind in lost for one in lost[kind]]
    return Verdict(tuple(alone))


def _estimate(one: Mapping[str, Any]) -> Estimate:
    lost = one["median_lost"]
    return Estimate(one["name"], lost["mean"], lost["low"], lost["high"])


def _series(
    one: Subject, plan: Mapping[str, Cut], values: Mapping[str, Mapping[str, Any]], chosen: Subset
) -> dict[str, Any]:
    """What is known of one network: accuracy whole and with each lesion, and the medians with their intervals."""
    count = len(chosen.ids)
    own = [cut for cut in plan.values() if cut.subject is one and cut.cell in values]
    right = {cut.cell: right_images(values[cut.cell], count) for cut in own}
    rows = [
        {
            "kind": cut.kind,
            "names": list(cut.names),
            "accuracy": float(right[cut.cell].mean()),
            "interval": list(wilson(int(right[cut.cell].sum()), count)),
        }
        for cut in own
    ]
    series: dict[str, Any] = {
        "name": one.name,
        "spec": to_dict(one.model.card.spec),
        "blocks": [name for name, _part in lesion.parts(one.network)],
        "shortcuts": bool(lesion.silenceable(one.network)),
        "whole": next((row for row in rows if row["kind"] == "whole"), None),
        "rows": [row for row in rows if row["kind"] in ("remove", "silence", "swap")],
        "random": _at_random(rows),
    }
    singles = [cut.cell for cut in own if cut.kind == "remove"] or [c.cell for c in own if c.kind == "silence"]
    swaps = [cut.cell for cut in own if cut.kind == "swap"]
    if series["whole"] is None:
        return series
    whole = right[Cut(one, "whole", ()).cell]
    for key, names in (("median_drop", singles), ("median_swap", swaps)):
        if names:
            series[key] = _interval([whole, *(right[name] for name in names)], 0.0)
    # A network that knows nothing has nothing to lose.
    if singles and series["whole"]["interval"][0] > chosen.chance_level():
        series["median_lost"] = _interval([whole, *(right[name] for name in singles)], chosen.chance_level())
    return series


def _interval(right: Sequence[NDArray[np.bool_]], chance_level: float) -> dict[str, float]:
    """The median of what is lost, of the first network's accuracy, by the others; relative where above chance."""

    def median(accuracies: NDArray[np.float64]) -> NDArray[np.float64]:
        drop = accuracies[:, :1] - accuracies[:, 1:]
        scale = accuracies[:, :1] - chance_level if chance_level else 1.0
        return np.median(drop / scale, axis=1)

    mean, low, high = over_images(np.stack(right), median)
    return {"mean": mean, "low": low, "high": high}


def _at_random(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each number of blocks removed at random, the accuracies and Student's interval over the draws."""
    by_count: dict[int, list[float]] = {}
    for row in rows:
        if row["kind"] == "random":
            by_count.setdefault(len(row["names"]), []).append(row["accuracy"])
    return [
        {"count": count, "values": values, "interval": list(t_interval(values)[1:]) if len(values) > 1 else None}
        for count, values in sorted(by_count.items())
    ]
