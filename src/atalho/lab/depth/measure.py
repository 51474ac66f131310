"""`lab depth`: plain against residual networks as they become deeper (He et al. 2015, 4.2; the article's Figure 1).

The treatment differs from its control in the shortcuts alone: the same residual branches from the same weights, the
same images in the same order, the same recipe. Errors are measured in eval mode, on training images as they are and on
test images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final, Unpack, get_args

from atalho.blocks.kinds import ShortcutKind
from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError, nearest
from atalho.inspection.summary import Summary, summarise
from atalho.lab.depth.page import PAGE
from atalho.lab.depth.result import DepthMeasured, DepthResult, DepthSeries, DepthSettings
from atalho.lab.shared.cells import Finished
from atalho.lab.shared.curves import measure, over_seeds
from atalho.lab.shared.experiment import Experiment, SessionOptions
from atalho.lab.shared.training import Recipe, TrainingBench, open_bench
from atalho.lab.shared.verdict import SHARE, Comparison, Estimate, Verdict
from atalho.networks.select import Family, by_depth, specify
from atalho.networks.spec import Spec
from atalho.text import Text

_USUAL: Final[dict[str, tuple[ShortcutKind, ...]]] = {
    "resnet": ("none", "zero-pad"),
    "preact": ("none", "zero-pad"),
    "mlp": ("none", "identity"),
}
"""Without parameters of their own, so that the control has exactly those of the treatment."""


EXPERIMENT: Final = Experiment("depth", DepthResult, PAGE)


@dataclass(frozen=True)
class DepthCandidate:
    """One network of the experiment."""

    depth: int
    shortcut: ShortcutKind
    name: str
    spec: Spec
    size: Summary

    def cell(self, seed: int) -> str:
        """The name of its cell."""
        return f"{self.shortcut}-{self.depth}-seed{seed}"


def run(
    data: Path | str,
    *,
    depths: Sequence[int] = (20, 26, 56),
    seeds: int = 3,
    shortcuts: Sequence[ShortcutKind] | None = None,
    family: Family = "resnet",
    recipe: Recipe | None = None,
    **options: Unpack[SessionOptions],
) -> DepthResult:
    """Train every depth with each kind of shortcut and every seed on the images at `data`; the result.

    `shortcuts` must hold "none", the control, and one more kind. The folder (default `lab/depth-<name of data>`) keeps
    what is finished: the same call goes on, and more depths or seeds are added to it.
    Raises ConfigError, DataError and RunError before any work is done.
    """
    kinds = tuple(shortcuts or _USUAL.get(family, _USUAL["resnet"]))
    _check(depths, seeds, kinds)
    for depth, kind in product(depths, kinds):  # before the images are looked at
        specify(by_depth(family, depth, SMALL_IMAGE), shortcut=kind)
    session = EXPERIMENT.begin(Path(data).name, **options)
    bench = open_bench(data, recipe or Recipe(), session.progress)
    candidates = _candidates(family, sorted(set(depths)), kinds, bench)
    settings = DepthSettings("depth", family, bench.describe(), tuple(sorted(set(depths))), kinds)
    cells = {one.cell(seed): (one, seed) for seed in range(seeds) for one in candidates}
    done = session.measure(
        settings,
        {
            name: partial(measure, bench, one.spec, seed, session.work, session.progress)
            for name, (one, seed) in cells.items()
        },
        costs={name: one.size.multiply_adds for name, (one, _seed) in cells.items()},
    )
    series = [found for one in candidates if (found := _series(one, seeds, done)) is not None]
    measured = DepthMeasured(tuple(series), len(bench.manifest.splits["test"]))
    verdict = judge(series) if len(series) == len(candidates) else Verdict(())
    return session.finish(Path(data).name, settings, measured, verdict, done, range(seeds), bench.precision)


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
    found = [Comparison(error, _estimate(plain[-1]), "above", _estimate(plain[0]))]
    for kind in by_kind.values():
        found.append(Comparison(error, _estimate(kind[-1]), "below", _estimate(plain[-1])))
        found.append(Comparison(added, _added(kind), "below", _added(plain)))
    return Verdict(tuple(found))


def _estimate(one: DepthSeries) -> Estimate:
    return Estimate.over_seeds(one.name, one.errors.train_error.values, within=SHARE)


def _added(kind: Sequence[DepthSeries]) -> Estimate:
    """What the deepest network adds to the error of the shallowest, over the seeds that both have."""
    shallow, deep = (dict(zip(one.seeds, one.errors.train_error.values, strict=True)) for one in (kind[0], kind[-1]))
    values = [error - shallow[seed] for seed, error in deep.items() if seed in shallow]
    return Estimate.over_seeds(f"{kind[0].name} → {kind[-1].name}", values)


def _check(depths: Sequence[int], seeds: int, kinds: Sequence[str]) -> None:
    if len(set(depths)) < 2:
        raise ConfigError(Text("depths {given}: give two or more, such as 20,56.", given=list(depths)))
    if seeds < 1:
        raise ConfigError(Text("seeds {given}: one or more; an interval needs two.", given=seeds))
    for kind in kinds:
        if kind not in get_args(ShortcutKind):
            text = Text("shortcut {given!r} is not known.").format(given=kind)
            raise ConfigError(f"{text} {nearest(kind, get_args(ShortcutKind))}")
    if "none" not in kinds or len(set(kinds)) < 2:
        raise ConfigError(
            Text(
                "shortcuts {given}: the plain network, none, is the control; give it and one more kind.",
                given=list(kinds),
            )
        )


def _candidates(
    family: Family, depths: Sequence[int], kinds: Sequence[ShortcutKind], bench: TrainingBench
) -> list[DepthCandidate]:
    found = []
    several = len(set(kinds)) > 2
    for depth in depths:
        for kind in dict.fromkeys(kinds):
            plain = f"plain{'' if family == 'resnet' else '-' + family}{depth}"
            name = plain if kind == "none" else f"{family}{depth}" + (f" ({kind})" if several else "")
            spec = specify(
                by_depth(family, depth, bench.pixels.size),
                classes=len(bench.manifest.classes),
                in_channels=bench.pixels.images.channels,
                shortcut=kind,
            )
            found.append(DepthCandidate(depth, kind, name, spec, summarise(spec, bench.image)))
    return found


def _series(one: DepthCandidate, seeds: int, done: Finished) -> DepthSeries | None:
    """One network over the seeds that are finished, if any."""
    finished = [seed for seed in range(seeds) if one.cell(seed) in done.values]
    if not finished:
        return None
    errors = over_seeds([done.values[one.cell(seed)]["curve"] for seed in finished])
    size = one.size
    return DepthSeries(one.name, one.depth, one.shortcut, size.parameters, size.multiply_adds, tuple(finished), errors)
