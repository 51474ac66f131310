"""`lab compare`: addition against concatenation, and neither, at an equal budget.

One network stays as it is and sets the budget: the first DenseNet, whose growth rate can be tuned least finely,
otherwise the first named. The others are made as wide as the budget asks (`params`, `operations`), or trained for as
many epochs as fit into the same seconds (`time`). Everything else is equal, as in `lab depth`.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final, Unpack, get_args

from atalho.data.order import several
from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.lab.compare.budget import matched, step_seconds
from atalho.lab.compare.page import CompareResult
from atalho.lab.compare.result import CompareMeasured, CompareSeries, CompareSettings, Equal, Kind
from atalho.lab.shared.curves import TrainingCandidate, check_choice, check_seeds, measure_errors, with_errors_in
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.training import Recipe, open_bench
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.networks.select import specify
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.text import Text, _

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
    **options: Unpack[BudgetedOptions],
) -> CompareResult:
    """Bring `models` (names of the catalogue) to an equal budget, train each with every seed; the result.

    Raises ConfigError, DataError and RunError before any work is done.
    """
    names = list(dict.fromkeys(several(models)))
    for name in names:
        specify(name)
    _check(names, equal, seeds)
    session = Session.begin(CompareResult, f"{Path(data).name}-{equal}", **options)
    bench = with_errors_in(session, open_bench(data, recipe or Recipe(), session.progress))
    chosen = _equalised({name: bench.fitted(name, image_size=bench.pixels.size) for name in names}, equal, bench.image)
    settings = CompareSettings("compare", equal, bench.describe(), chosen, tuple(names))
    seconds: dict[str, float] = {}
    if equal == "time":
        plan = {CALIBRATION: lambda: step_seconds(bench, chosen, session.work)}
        calibrated = session.measure(settings, plan, titles={CALIBRATION: _("how long a step of each takes")})
        seconds = calibrated.values.get(CALIBRATION, {})
    slowest = max(seconds.values(), default=1.0)
    candidates = []
    for name, spec in chosen.items():  # the slowest network gets `epochs`, and each other as many as take as long
        epochs = round(bench.recipe.epochs * slowest / seconds.get(name, slowest))
        own = replace(bench, recipe=replace(bench.recipe, epochs=epochs))
        candidates.append(TrainingCandidate(name, spec, own, summarise(spec, bench.image), cell=name))
    done, errors = measure_errors(session, settings, candidates if seconds or equal != "time" else [], seeds)
    series = []
    for one in candidates:
        if one.name in errors:
            finished, own_errors = errors[one.name]
            series.append(
                CompareSeries(
                    name=one.name,
                    kind=_kind(one.spec),
                    spec=one.spec,
                    epochs=one.bench.recipe.epochs,
                    parameters=one.size.parameters,
                    multiply_adds=one.size.multiply_adds,
                    step_seconds=seconds.get(one.name),
                    seeds=finished,
                    errors=own_errors,
                )
            )
    measured = CompareMeasured(tuple(series), len(bench.manifest.splits["test"]))
    verdict = judge(series) if len(series) == len(names) else Verdict(())
    return session.finish(
        Path(data).name, settings, measured, verdict, done, range(seeds), bench.precision, bench.measured_in
    )


def judge(series: Sequence[CompareSeries]) -> Verdict:
    """Test errors: concatenation below addition, and addition below neither, for each network against each."""
    by_kind = {kind: [one for one in series if one.kind == kind] for kind in _ORDER}
    present = [kind for kind in _ORDER if by_kind[kind]]
    return Verdict(
        tuple(
            Comparison(Text("test error"), _error(better), "below", _error(worse))
            for first, second in pairwise(present)
            for better in by_kind[first]
            for worse in by_kind[second]
        )
    )


def _error(one: CompareSeries) -> Interval:
    return one.errors.test_error.named(one.name)


def _check(names: Sequence[str], equal: str, seeds: int) -> None:
    if len(names) < 2:
        raise ConfigError("models {given}: give at least two, separated by commas.", given=list(names))
    check_choice(Text("unknown value for equal: {given!r}.", given=equal), equal, get_args(Equal))
    check_seeds(seeds)


def _equalised(suited: dict[str, Spec], equal: Equal, image: tuple[int, int, int]) -> dict[str, Spec]:
    if equal == "time":
        return suited

    def count(spec: Spec) -> int:
        summary = summarise(spec, image)
        return summary.parameters if equal == "params" else summary.multiply_adds

    dense = (name for name, spec in suited.items() if isinstance(spec, DenseNetSpec))
    reference = next(dense, next(iter(suited)))
    target = count(suited[reference])
    return {name: spec if name == reference else matched(spec, target, count) for name, spec in suited.items()}


def _kind(spec: Spec) -> Kind:
    if isinstance(spec, DenseNetSpec):
        return "dense"
    return "plain" if spec.shortcut == "none" else "residual"
