"""`lab depth`: plain against residual networks as they become deeper (He et al. 2015, 4.2; the article's Figure 1).

The treatment differs from its control in the shortcuts alone: the same residual branches from the same weights, the
same images in the same order, the same recipe. Errors are measured in eval mode, on training images as they are and on
test images.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final, Unpack, get_args

from atalho.blocks.kinds import ShortcutKind
from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.lab.depth.page import DepthResult
from atalho.lab.depth.result import DepthMeasured, DepthSeries, DepthSettings
from atalho.lab.shared.curves import TrainingCandidate, check_choice, check_seeds, measure_errors, with_errors_in
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.training import Recipe, TrainingBench, open_bench
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.networks.select import Family, by_depth, specify
from atalho.text import Text

_USUAL: Final[dict[str, tuple[ShortcutKind, ...]]] = {
    "resnet": ("none", "zero-pad"),
    "preact": ("none", "zero-pad"),
    "mlp": ("none", "identity"),
}
"""Without parameters of their own, so that the control has exactly those of the treatment."""


def run(
    data: Path | str,
    *,
    depths: Sequence[int] = (20, 26, 56),
    seeds: int = 3,
    shortcuts: Sequence[ShortcutKind] | None = None,
    family: Family = "resnet",
    recipe: Recipe | None = None,
    **options: Unpack[BudgetedOptions],
) -> DepthResult:
    """Train every depth with each kind of shortcut and every seed on the images at `data`; the result.

    `shortcuts` must hold "none", the control, and one more kind. The folder (default `lab/depth-<name of data>`) keeps
    what is finished: the same call goes on, and more depths or seeds are added to it.
    Raises ConfigError, DataError and RunError before any work is done.
    """
    kinds = tuple(shortcuts or _USUAL.get(family, _USUAL["resnet"]))
    _check(depths, seeds, kinds)
    for depth, kind in product(depths, kinds):  # before the images are read
        specify(by_depth(family, depth, SMALL_IMAGE), shortcut=kind)
    session = Session.begin(DepthResult, Path(data).name, **options)
    bench = with_errors_in(session, open_bench(data, recipe or Recipe(), session.progress))
    rising = tuple(sorted(set(depths)))
    candidates = {
        (depth, kind): _candidate(family, depth, kind, bench, several=len(set(kinds)) > 2)
        for depth, kind in product(rising, dict.fromkeys(kinds))
    }
    settings = DepthSettings("depth", family, bench.describe(), rising, kinds)
    done, errors = measure_errors(session, settings, list(candidates.values()), seeds)
    series = [
        DepthSeries(one.name, depth, kind, one.size.parameters, one.size.multiply_adds, *errors[one.name])
        for (depth, kind), one in candidates.items()
        if one.name in errors
    ]
    measured = DepthMeasured(tuple(series), len(bench.manifest.splits["test"]))
    verdict = judge(series) if len(series) == len(candidates) else Verdict(())
    return session.finish(
        Path(data).name, settings, measured, verdict, done, range(seeds), bench.precision, bench.measured_in
    )


def judge(series: Sequence[DepthSeries]) -> Verdict:
    """The verdict on training errors: deepest and shallowest plain network, then each with shortcuts and its control.

    The last comparison is of what depth adds to the error: the difference within each seed, which shares everything.
    """
    by_kind: dict[str, list[DepthSeries]] = {}
    for one in sorted(series, key=lambda one: one.depth):
        by_kind.setdefault(one.shortcut, []).append(one)
    plain = by_kind.pop("none")
    if len(plain) < 2:
        return Verdict(())
    error, added = Text("training error"), Text("training error that the added depth brings")
    comparisons = [Comparison(error, _error(plain[-1]), "above", _error(plain[0]))]
    for kind in by_kind.values():
        comparisons.append(Comparison(error, _error(kind[-1]), "below", _error(plain[-1])))
        comparisons.append(Comparison(added, _added(kind), "below", _added(plain)))
    return Verdict(tuple(comparisons))


def _error(one: DepthSeries) -> Interval:
    return one.errors.train_error.named(one.name)


def _added(kind: Sequence[DepthSeries]) -> Interval:
    """What the deepest network adds to the error of the shallowest, over the seeds that both have."""
    shallow, deep = (dict(zip(one.seeds, one.errors.train_error.values, strict=True)) for one in (kind[0], kind[-1]))
    values = [error - shallow[seed] for seed, error in deep.items() if seed in shallow]
    return Interval.over_seeds(values, f"{kind[0].name} → {kind[-1].name}")


def _check(depths: Sequence[int], seeds: int, kinds: Sequence[str]) -> None:
    if len(set(depths)) < 2:
        raise ConfigError("depths {given}: give at least two, such as 20,56.", given=list(depths))
    check_seeds(seeds)
    for kind in kinds:
        check_choice(Text("unknown shortcut {given!r}.", given=kind), kind, get_args(ShortcutKind))
    if "none" not in kinds or len(set(kinds)) < 2:
        raise ConfigError("shortcuts {given}: give none, the control, and at least one other kind.", given=list(kinds))


def _candidate(
    family: Family, depth: int, kind: ShortcutKind, bench: TrainingBench, *, several: bool
) -> TrainingCandidate:
    """A network of the experiment; where there are `several` kinds of shortcuts its name says which."""
    plain = f"plain{'' if family == 'resnet' else '-' + family}{depth}"
    name = plain if kind == "none" else f"{family}{depth}" + (f" ({kind})" if several else "")
    spec = bench.fitted(by_depth(family, depth, bench.pixels.size), shortcut=kind)
    return TrainingCandidate(name, spec, bench, summarise(spec, bench.image), cell=f"{kind}-{depth}")
