"""`lab compare`: addition against concatenation, and neither, at an equal budget.

One network stays as it is and sets the budget: the first DenseNet, whose growth rate is the coarsest screw, else the
first named. The others are made as wide as the budget asks (`params`, `operations`), or trained for as many epochs as
fit into the same seconds (`time`). Everything else is equal, as in `lab depth`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from atalho.errors import ConfigError, nearest
from atalho.inspection.summary import summarise
from atalho.lab.compare.budget import Equal, matched, step_seconds
from atalho.lab.compare.page import DRAWING
from atalho.lab.shared import cells, result
from atalho.lab.shared.curves import measure, over_seeds
from atalho.lab.shared.training import Bench, Recipe, open_bench
from atalho.lab.shared.verdict import SHARE, Comparison, Estimate, Verdict
from atalho.networks import spec as specs
from atalho.networks.select import specify
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.text import Text
from atalho.training.progress import Progress

CALIBRATION = "calibration"
_ORDER = ("dense", "residual", "plain")
"""In the order of the claim: each makes fewer errors than the next."""


def run(
    data: Path | str,
    *,
    models: Sequence[str] = ("resnet20", "densenet-bc-40-12", "plain20"),
    equal: Equal = "params",
    seeds: int = 3,
    recipe: Recipe | None = None,
    budget_minutes: float | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Bring `models` (names of the catalogue) to an equal budget, train each with every seed; the folder of the result.

    Raises ConfigError, DataError and RunError before any work is done.
    """
    progress = progress or Progress()
    names = list(dict.fromkeys(models))
    for name in names:
        specify(name)
    _check(names, equal, seeds)
    folder = cells.place(out, f"compare-{Path(data).name}-{equal}")
    bench = open_bench(data, recipe or Recipe(), progress)
    image = bench.pixels.images.channels, bench.pixels.size, bench.pixels.size
    chosen = _equalised({name: _suited(name, bench) for name in names}, equal, image)
    settings = {"experiment": "compare", "equal": equal, **bench.describe()}
    settings |= {"specs": {name: specs.to_dict(spec) for name, spec in chosen.items()}}
    go = partial(cells.run, folder, settings, budget_minutes=budget_minutes, progress=progress)
    seconds: dict[str, float] = {}
    if equal == "time":
        calibrated = go([CALIBRATION], lambda _cell: step_seconds(bench, chosen, folder / "work"))
        seconds = dict(calibrated.values.get(CALIBRATION, {}))
    epochs = _epochs(seconds, names, bench.recipe.epochs)
    plan = {f"{name}-seed{seed}": name for seed in range(seeds) for name in names}
    counted = {name: summarise(spec, image) for name, spec in chosen.items()}

    def one(cell: str) -> cells.Value:
        name, seed = plan[cell], int(cell.rpartition("-seed")[2])
        longer = replace(bench, recipe=replace(bench.recipe, epochs=epochs[name]))
        return measure(longer, chosen[name], seed, folder / "work", progress)

    costs = {cell: counted[name].multiply_adds * epochs[name] for cell, name in plan.items()}
    found = go(list(plan) if seconds or equal != "time" else [], one, costs=costs)
    series = [
        {
            "name": name, "kind": _kind(chosen[name]), "spec": specs.to_dict(chosen[name]), "epochs": epochs[name],
            "parameters": counted[name].parameters, "multiply_adds": counted[name].multiply_adds,
            "step_seconds": seconds.get(name), **_errors(name, seeds, found.values),
        }
        for name in names
    ]  # fmt: skip
    made = result.make(
        DRAWING, Path(data).name, settings | {"models": names},
        {"series": [one for one in series if one["seeds"]], "test_images": len(bench.manifest.splits["test"])},
        judge(series), cells=found, command=command,
        seeds=list(range(seeds)), precision=bench.precision,
    )  # fmt: skip
    return result.write(folder, made, DRAWING)


def judge(series: Sequence[Mapping[str, Any]]) -> Verdict:
    """Test errors: concatenation below addition, and addition below neither, for each network against each."""
    if not all(one["seeds"] for one in series):
        return Verdict(())
    by_kind = {kind: [one for one in series if one["kind"] == kind] for kind in _ORDER}
    present = [kind for kind in _ORDER if by_kind[kind]]
    return Verdict(
        tuple(
            Comparison(Text("test error"), _estimate(better), "below", _estimate(worse))
            for first, second in pairwise(present)
            for better in by_kind[first]
            for worse in by_kind[second]
        )
    )


def _estimate(one: Mapping[str, Any]) -> Estimate:
    return Estimate.over_seeds(one["name"], one["test_error"]["values"], within=SHARE)


def _check(names: Sequence[str], equal: str, seeds: int) -> None:
    if len(names) < 2:
        raise ConfigError(Text("models {given}: give two or more, with commas between them.", given=list(names)))
    if equal not in get_args(Equal):
        text = Text("equal {given!r} is not known.").format(given=equal)
        raise ConfigError(f"{text} {nearest(equal, get_args(Equal))}")
    if seeds < 1:
        raise ConfigError(Text("seeds {given}: one or more; an interval needs two.", given=seeds))


def _suited(name: str, bench: Bench) -> Spec:
    """The network of that name for these images."""
    return specify(
        name,
        classes=len(bench.manifest.classes),
        in_channels=bench.pixels.images.channels,
        image_size=bench.pixels.size,
    )


def _equalised(suited: dict[str, Spec], equal: Equal, image: tuple[int, int, int]) -> dict[str, Spec]:
    if equal == "time":
        return suited

    def count(spec: Spec) -> int:
        found = summarise(spec, image)
        return found.parameters if equal == "params" else found.multiply_adds

    dense = (name for name, spec in suited.items() if isinstance(spec, DenseNetSpec))
    reference = next(dense, next(iter(suited)))
    target = count(suited[reference])
    return {name: spec if name == reference else matched(spec, target, count) for name, spec in suited.items()}


def _epochs(seconds: Mapping[str, float], names: Sequence[str], epochs: int) -> dict[str, int]:
    """The slowest network gets `epochs`, and each other one as many as take as long."""
    slowest = max(seconds.values(), default=1.0)
    return {name: round(epochs * slowest / seconds.get(name, slowest)) for name in names}


def _kind(spec: Spec) -> str:
    if isinstance(spec, DenseNetSpec):
        return "dense"
    return "plain" if spec.shortcut == "none" else "residual"


def _errors(name: str, seeds: int, values: Mapping[str, cells.Value]) -> dict[str, Any]:
    done = [seed for seed in range(seeds) if f"{name}-seed{seed}" in values]
    found: dict[str, Any] = {"seeds": done}
    return found | over_seeds([values[f"{name}-seed{seed}"]["curve"] for seed in done]) if done else found
