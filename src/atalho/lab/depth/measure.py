"""`lab depth`: plain against residual networks as they become deeper (He et al. 2015, 4.2; the article's Figure 1).

The treatment differs from its control in the shortcuts alone: the same residual branches from the same weights, the
same images in the same order, the same recipe. Errors are measured in eval mode, on training images as they are and on
test images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args

from atalho.blocks.kinds import ShortcutKind
from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError, nearest
from atalho.inspection.summary import summarise
from atalho.lab.depth.page import DRAWING
from atalho.lab.shared import cells, result
from atalho.lab.shared.cells import Cells
from atalho.lab.shared.curves import measure, over_seeds
from atalho.lab.shared.training import Bench, Recipe, open_bench
from atalho.lab.shared.verdict import SHARE, Comparison, Estimate, Verdict
from atalho.networks.select import Family, by_depth, specify
from atalho.networks.spec import Spec
from atalho.text import Text
from atalho.training.progress import Progress

_USUAL: Final[dict[str, tuple[ShortcutKind, ...]]] = {
    "resnet": ("none", "zero-pad"),
    "preact": ("none", "zero-pad"),
    "mlp": ("none", "identity"),
}
"""Without parameters of their own, so that the control has exactly those of the treatment."""


@dataclass(frozen=True)
class Entrant:
    """One network of the experiment."""

    depth: int
    shortcut: ShortcutKind
    name: str
    spec: Spec

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
    budget_minutes: float | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train every depth with each kind of shortcut and every seed on the images at `data`; the folder of the result.

    `shortcuts` must hold "none", the control, and one more kind. The folder (default `lab/depth-<name of data>`) keeps
    what is finished: the same call goes on, and more depths or seeds are added to it.
    Raises ConfigError, DataError and RunError before any work is done.
    """
    progress = progress or Progress()
    kinds = tuple(shortcuts or _USUAL.get(family, _USUAL["resnet"]))
    _check(depths, seeds, kinds)
    for depth, kind in product(depths, kinds):  # before the images are looked at
        specify(by_depth(family, depth, SMALL_IMAGE), shortcut=kind)
    folder = cells.place(out, f"depth-{Path(data).name}")
    bench = open_bench(data, recipe or Recipe(), progress)
    entrants = _entrants(family, sorted(set(depths)), kinds, bench)
    plan = {entrant.cell(seed): (entrant, seed) for seed in range(seeds) for entrant in entrants}
    costs = {name: summarise(entrant.spec, _image(bench)).multiply_adds for name, (entrant, _seed) in plan.items()}
    settings = {"experiment": "depth", "family": family, **bench.describe()}
    found = cells.run(
        folder,
        settings,
        list(plan),
        lambda name: measure(bench, plan[name][0].spec, plan[name][1], folder / "work", progress),
        budget_minutes=budget_minutes,
        costs=costs,
        progress=progress,
    )
    series = [_series(entrant, seeds, found, bench) for entrant in entrants]
    made = result.make(
        DRAWING,
        Path(data).name,
        settings | {"depths": sorted(set(depths)), "shortcuts": list(kinds)},
        {"series": [one for one in series if one["seeds"]], "test_images": len(bench.manifest.splits["test"])},
        judge(series),
        cells=found,
        command=command,
        seeds=list(range(seeds)),
        precision=bench.precision,
    )
    return result.write(folder, made, DRAWING)


def judge(series: Sequence[dict[str, Any]]) -> Verdict:
    """The verdict on training errors: deepest and shallowest plain network, then each with shortcuts and its control.

    The last comparison is of what depth adds to the error: the difference within each seed, which shares everything.
    """
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(series, key=lambda one: one["depth"]):
        by_kind.setdefault(one["shortcut"], []).append(one)
    plain = by_kind.pop("none")
    if len(plain) < 2 or not all(one["seeds"] for one in series):
        return Verdict(())
    error, added = Text("training error"), Text("training error that the added depth brings")
    found = [Comparison(error, _estimate(plain[-1]), "above", _estimate(plain[0]))]
    for kind in by_kind.values():
        found.append(Comparison(error, _estimate(kind[-1]), "below", _estimate(plain[-1])))
        found.append(Comparison(added, _added(kind), "below", _added(plain)))
    return Verdict(tuple(found))


def _estimate(one: dict[str, Any]) -> Estimate:
    return Estimate.over_seeds(one["name"], one["train_error"]["values"], within=SHARE)


def _added(kind: list[dict[str, Any]]) -> Estimate:
    shallow, deep = kind[0], kind[-1]
    shared = [seed for seed in deep["seeds"] if seed in shallow["seeds"]]
    values = [
        deep["train_error"]["values"][deep["seeds"].index(seed)]
        - shallow["train_error"]["values"][shallow["seeds"].index(seed)]
        for seed in shared
    ]
    return Estimate.over_seeds(f"{shallow['name']} → {deep['name']}", values)


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


def _entrants(family: Family, depths: Sequence[int], kinds: Sequence[ShortcutKind], bench: Bench) -> list[Entrant]:
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
            found.append(Entrant(depth, kind, name, spec))
    return found


def _image(bench: Bench) -> tuple[int, int, int]:
    return bench.pixels.images.channels, bench.pixels.size, bench.pixels.size


def _series(entrant: Entrant, seeds: int, found: Cells, bench: Bench) -> dict[str, Any]:
    """One network over the seeds that are finished."""
    done = [seed for seed in range(seeds) if entrant.cell(seed) in found.values]
    curves = [found.values[entrant.cell(seed)]["curve"] for seed in done]
    size = summarise(entrant.spec, _image(bench))
    series: dict[str, Any] = {
        "name": entrant.name,
        "depth": entrant.depth,
        "shortcut": entrant.shortcut,
        "parameters": size.parameters,
        "multiply_adds": size.multiply_adds,
        "seeds": done,
    }
    return series | over_seeds(curves) if done else series
