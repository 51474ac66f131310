"""`lab gradients`: what reaches the first block of the gradient, with shortcuts and without them.

A network of the catalogue is trained a little beside its twin, from several seeds, and looked at as it begins and after
each epoch. A trained run is looked at as it began, again from several seeds beside its twin, and as it is.
The twins differ in the shortcuts alone: from the same seed, their residual branches begin with the same weights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from atalho.config import Config
from atalho.errors import ConfigError
from atalho.jobs.network import first_weights
from atalho.lab.gradients.page import DRAWING
from atalho.lab.gradients.probe import look
from atalho.lab.gradients.series import START, TRAINED, judge, series
from atalho.lab.shared import cells, result, subset
from atalho.lab.shared import trained as subjects
from atalho.lab.shared.subset import Subset
from atalho.lab.shared.trained import Subject
from atalho.lab.shared.training import Bench, Recipe, configuration, open_bench, train
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.networks.network import Network
from atalho.networks.select import specify, twin
from atalho.networks.spec import Spec
from atalho.precision import choose
from atalho.text import Text
from atalho.training.progress import Progress

BATCHES = 5
"""Batches of images that a trained network is looked at with: there is one of it, so the interval is over images."""

Cell = Callable[[], cells.Value]


@dataclass(frozen=True)
class Entrant:
    """One network of the experiment: how it begins, and what it became where it was trained before."""

    name: str
    spec: Spec
    config: Config
    """Decides, with a seed, how it begins."""
    trained: Subject | None = None

    def begun(self, seed: int) -> Network:
        """The network as it begins from a seed."""
        training = dataclasses.replace(self.config.training, seed=seed)
        return first_weights(self.spec, dataclasses.replace(self.config, training=training), None)


def run(
    model: str | Path,
    data: Path | str | None = None,
    *,
    beside: Path | str | None = None,
    seeds: int = 3,
    batch: int = 128,
    recipe: Recipe | None = None,
    budget_minutes: float | None = None,
    out: Path | str | None = None,
    command: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Look at the gradients of `model`, a network's name or a run, beside those of its twin; the result's folder.

    A name needs `data`, and `recipe` says how its networks are trained (by default one epoch on all images). A run has
    its own images, and `beside` may name the run of its twin. `seeds` are how many beginnings are looked at, `batch`
    how many training images at once. The folder (default `lab/gradients-<name>`) keeps what is finished.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    progress = progress or Progress()
    if seeds < 1 or batch < 2:
        raise ConfigError(Text("Give 1 seed or more, and 2 images or more to look at."))
    if Path(model).is_dir():
        runs = [Path(model)] if beside is None else [Path(model), Path(beside)]
        name = subjects.names(runs)[0]
        folder = cells.place(out, f"gradients-{name}")
        entrants, chosen, settings = _of_runs(runs, data, batch, progress)
        batch = min(batch, len(chosen.ids))
        plan = _looked_at(entrants, chosen, seeds, batch)
    else:
        if beside is not None:
            raise ConfigError(Text("--beside is for two runs; a network of the catalogue has its twin beside it."))
        name = str(model)
        folder = cells.place(out, f"gradients-{name}")
        bench = _bench(name, data, recipe, progress)
        entrants, chosen, settings = _of_catalogue(name, bench, batch)
        batch = len(chosen.ids)
        plan = _trained_a_little(entrants, bench, chosen, seeds, batch, folder / "work", progress)
    settings = {"experiment": "gradients", "batch": batch, **settings}
    done = cells.run(
        folder, settings, list(plan), lambda cell: plan[cell](), budget_minutes=budget_minutes, progress=progress
    )
    measured = [series(one.name, one.spec, done.values) for one in entrants]
    made = result.make(
        DRAWING,
        name,
        settings | {"seeds": seeds, "differences": _differences(entrants), "trained": _trainings(entrants)},
        {"series": measured, "side": chosen.preprocessing.size},
        judge(measured),
        cells=done,
        command=command,
        seeds=list(range(seeds)),
        precision=choose("auto", "fp32"),
    )
    return result.write(folder, made, DRAWING)


def _bench(name: str, data: Path | str | None, recipe: Recipe | None, progress: Progress) -> Bench:
    catalogue.spec(name)  # an unknown name is told before the images are looked at
    if data is None:
        raise ConfigError(Text("{name} is a network of the catalogue: name the images too.", name=name))
    return open_bench(data, recipe or Recipe(epochs=1), progress)


def _of_catalogue(name: str, bench: Bench, batch: int) -> tuple[list[Entrant], Subset, dict[str, Any]]:
    images = bench.pixels.images
    spec = specify(
        catalogue.spec(name),
        classes=len(bench.manifest.classes),
        in_channels=images.channels,
        image_size=bench.pixels.size,
    )
    chosen = subset.choose(bench.pixels, "train", bench.prepared, count=batch, seed=0)
    return _with_twin(Entrant(name, spec, configuration(bench, 0))), chosen, {"recipe": bench.describe(), "model": name}


def _of_runs(
    paths: Sequence[Path], data: Path | str | None, batch: int, progress: Progress
) -> tuple[list[Entrant], Subset, dict[str, Any]]:
    precision = choose("auto", "fp32")
    found, chosen = subset.of_runs(
        paths, data, "train", count=batch * BATCHES, seed=0, precision=precision, progress=progress
    )
    entrants = [
        Entrant(one.name, one.network.spec, owner.config if owner is not None else Config(), one)
        for one, owner in zip(found, map(subjects.run_of, paths), strict=True)
    ]
    if len(entrants) == 1:
        entrants = _with_twin(entrants[0])
    return entrants, chosen, subset.describe(found, chosen)


def _with_twin(one: Entrant) -> list[Entrant]:
    other = twin(one.name, one.spec)
    return [one] if other is None else [one, Entrant(*other, one.config)]


def _differences(entrants: Sequence[Entrant]) -> list[str]:
    """In what the networks differ: of trained ones also how they were trained."""
    trained = [one.trained for one in entrants if one.trained is not None]
    if len(trained) == len(entrants):
        return subjects.differences(trained)
    first, *others = (specs.to_dict(one.spec) for one in entrants)
    return [f"network.{name}" for name, value in first.items() if any(other.get(name) != value for other in others)]


def _trainings(entrants: Sequence[Entrant]) -> dict[str, Any]:
    return subjects.trainings([one.trained for one in entrants if one.trained is not None])


def _looked_at(entrants: Sequence[Entrant], chosen: Subset, seeds: int, batch: int) -> dict[str, Cell]:
    """Cells for runs: each beginning, with the first batch, and the trained network, with each batch."""
    batches = [some for some in chosen.batches(batch, torch.device("cpu")) if len(some[0]) == batch]

    def at_start(one: Entrant, seed: int) -> Cell:
        return lambda: {START: look(one.begun(seed), *batches[0], seed=seed)}

    def trained(subject: Subject, place: int) -> Cell:
        return lambda: {TRAINED: look(subject.network, *batches[place], seed=place)}

    begun = {f"{one.name}.seed{seed}": at_start(one, seed) for seed in range(seeds) for one in entrants}
    held = {
        f"{one.name}.batch{place}": trained(one.trained, place)
        for place in range(len(batches))
        for one in entrants
        if one.trained is not None
    }
    return begun | held


def _trained_a_little(
    entrants: Sequence[Entrant], bench: Bench, chosen: Subset, seeds: int, batch: int, work: Path, progress: Progress
) -> dict[str, Cell]:
    """Cells for a network of the catalogue: each is one training, looked at before it and after each epoch."""
    images, targets = next(chosen.batches(batch, bench.precision.device))

    def measure(one: Entrant, seed: int) -> Cell:
        def cell() -> cells.Value:
            moments = {START: look(one.begun(seed).to(images.device), images, targets, seed=seed)}

            def after(network: Network, epoch: int) -> None:
                moments[f"epoch{epoch}"] = look(network, images, targets, seed=seed)

            train(bench, one.spec, seed, work, on_epoch=after, progress=progress)
            return moments

        return cell

    return {f"{one.name}.seed{seed}": measure(one, seed) for seed in range(seeds) for one in entrants}
