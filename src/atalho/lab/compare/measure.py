"""`lab compare`: addition against concatenation, and neither, at an equal budget.

One network stays as it is and sets the budget: the first DenseNet, whose growth rate can be tuned least finely,
otherwise the first named. The others are made as wide as the budget asks (`params`, `operations`), or trained for as
many epochs as fit into the same seconds (`time`). Everything else is equal, as in `lab depth`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final, Unpack, get_args

from atalho.errors import ConfigError, nearest
from atalho.inspection.summary import summarise
from atalho.lab.compare.budget import matched, step_seconds
from atalho.lab.compare.page import PAGE
from atalho.lab.compare.result import CompareMeasured, CompareResult, CompareSeries, CompareSettings, Equal, Kind
from atalho.lab.shared.curves import measure, over_seeds
from atalho.lab.shared.experiment import Experiment, SessionOptions
from atalho.lab.shared.training import Recipe, TrainingBench, open_bench
from atalho.lab.shared.verdict import SHARE, Comparison, Estimate, Verdict
from atalho.networks.select import specify
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.text import Text

EXPERIMENT: Final = Experiment("compare", CompareResult, PAGE)
CALIBRATION: Final = "calibration"
_ORDER: Final[tuple[Kind, ...]] = ("dense", "residual", "plain")
"""In the order of the claim: each makes fewer errors than the next."""


def run(
    data: Path | str,
    *,
    models: Sequence[str] = ("resnet20", "densenet-bc-40-12", "plain20"),
    equal: Equal = "params",
    seeds: int = 3,
    recipe: Recipe | None = None,
    **options: Unpack[SessionOptions],
) -> CompareResult:
    """Bring `models` (names of the catalogue) to an equal budget, train each with every seed; the result.

    Raises ConfigError, DataError and RunError before any work is done.
    """
    names = list(dict.fromkeys(models))
    for name in names:
        specify(name)
    _check(names, equal, seeds)
    session = EXPERIMENT.begin(f"{Path(data).name}-{equal}", **options)
    bench = open_bench(data, recipe or Recipe(), session.progress)
    chosen = _equalised({name: _suited(name, bench) for name in names}, equal, bench.image)
    settings = CompareSettings("compare", equal, bench.describe(), chosen, tuple(names))
    seconds: dict[str, float] = {}
    if equal == "time":
        calibrated = session.measure(settings, {CALIBRATION: lambda: step_seconds(bench, chosen, session.work)})
        seconds = calibrated.values.get(CALIBRATION, {})
    epochs = _epochs(seconds, names, bench.recipe.epochs)
    benches = {name: replace(bench, recipe=replace(bench.recipe, epochs=epochs[name])) for name in names}
    sizes = {name: summarise(spec, bench.image) for name, spec in chosen.items()}
    cells = {f"{name}-seed{seed}": (name, seed) for seed in range(seeds) for name in names}
    done = session.measure(
        settings,
        {
            cell: partial(measure, benches[name], chosen[name], seed, session.work, session.progress)
            for cell, (name, seed) in cells.items()
            if seconds or equal != "time"
        },
        costs={cell: sizes[name].multiply_adds * epochs[name] for cell, (name, _seed) in cells.items()},
    )
    series = []
    for name, spec in chosen.items():
        finished = [seed for seed in range(seeds) if f"{name}-seed{seed}" in done.values]
        if finished:
            errors = over_seeds([done.values[f"{name}-seed{seed}"]["curve"] for seed in finished])
            series.append(
                CompareSeries(
                    name=name,
                    kind=_kind(spec),
                    spec=spec,
                    epochs=epochs[name],
                    parameters=sizes[name].parameters,
                    multiply_adds=sizes[name].multiply_adds,
                    step_seconds=seconds.get(name),
                    seeds=tuple(finished),
                    errors=errors,
                )
            )
    measured = CompareMeasured(tuple(series), len(bench.manifest.splits["test"]))
    verdict = judge(series) if len(series) == len(names) else Verdict(())
    return session.finish(Path(data).name, settings, measured, verdict, done, range(seeds), bench.precision)


def judge(series: Sequence[CompareSeries]) -> Verdict:
    """Test errors: concatenation below addition, and addition below neither, for each network against each."""
    by_kind = {kind: [one for one in series if one.kind == kind] for kind in _ORDER}
    present = [kind for kind in _ORDER if by_kind[kind]]
    return Verdict(
        tuple(
            Comparison(Text("test error"), _estimate(better), "below", _estimate(worse))
            for first, second in pairwise(present)
            for better in by_kind[first]
            for worse in by_kind[second]
        )
    )


def _estimate(one: CompareSeries) -> Estimate:
    return Estimate.over_seeds(one.name, one.errors.test_error.values, within=SHARE)


def _check(names: Sequence[str], equal: str, seeds: int) -> None:
    if len(names) < 2:
        raise ConfigError(Text("models {given}: give two or more, with commas between them.", given=list(names)))
    if equal not in get_args(Equal):
        text = Text("equal {given!r} is not known.").format(given=equal)
        raise ConfigError(f"{text} {nearest(equal, get_args(Equal))}")
    if seeds < 1:
        raise ConfigError(Text("seeds {given}: one or more; an interval needs two.", given=seeds))


def _suited(name: str, bench: TrainingBench) -> Spec:
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


def _kind(spec: Spec) -> Kind:
    if isinstance(spec, DenseNetSpec):
        return "dense"
    return "plain" if spec.shortcut == "none" else "residual"
