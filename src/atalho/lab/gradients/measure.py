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
from typing import Any, Final, Unpack

import torch

from atalho.config import Config
from atalho.errors import ConfigError
from atalho.lab.gradients.page import PAGE
from atalho.lab.gradients.probe import look
from atalho.lab.gradients.result import GradientsMeasured, GradientsResult, GradientsSettings
from atalho.lab.gradients.series import START, TRAINED, judge, series
from atalho.lab.shared import cells, subset, trained
from atalho.lab.shared.experiment import Experiment, Session, SessionOptions
from atalho.lab.shared.subset import MeasuredOn, Subset
from atalho.lab.shared.trained import TrainedNetwork
from atalho.lab.shared.training import Recipe, TrainingBench, configuration, open_bench, train
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.networks.network import Network
from atalho.networks.select import specify, twin
from atalho.networks.spec import Spec
from atalho.precision import choose
from atalho.runs.network import first_weights
from atalho.text import Text
from atalho.training.progress import Progress

EXPERIMENT: Final = Experiment("gradients", GradientsResult, PAGE)
BATCHES = 5
"""Batches of images that a trained network is looked at with: there is one of it, so the interval is over images."""

Cell = Callable[[], cells.Value]


@dataclass(frozen=True)
class GradientCandidate:
    """One network of the experiment: how it begins, and what it became where it was trained before."""

    name: str
    spec: Spec
    config: Config
    """Decides, with a seed, how it begins."""
    trained: TrainedNetwork | None = None

    def at_start(self, seed: int) -> Network:
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
    **options: Unpack[SessionOptions],
) -> GradientsResult:
    """Look at the gradients of `model`, a network's name or a run, beside those of its twin; the result.

    A name needs `data`, and `recipe` says how its networks are trained (by default one epoch on all images). A run has
    its own images, and `beside` may name the run of its twin. `seeds` are how many beginnings are looked at, `batch`
    how many training images at once. The folder (default `lab/gradients-<name>`) keeps what is finished.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    if seeds < 1 or batch < 2:
        raise ConfigError(Text("Give 1 seed or more, and 2 images or more to look at."))
    if Path(model).is_dir():
        runs = [Path(model)] if beside is None else [Path(model), Path(beside)]
        name = trained.names(runs)[0]
        session = EXPERIMENT.begin(name, **options)
        candidates, chosen, measured_on = _of_runs(runs, data, batch, session.progress)
        asked: dict[str, Any] = {"batch": min(batch, len(chosen.ids)), "measured_on": measured_on}
        plan = _looked_at(candidates, chosen, seeds, asked["batch"])
    else:
        if beside is not None:
            raise ConfigError(Text("--beside is for two runs; a network of the catalogue has its twin beside it."))
        name = str(model)
        session = EXPERIMENT.begin(name, **options)
        bench = _bench(name, data, recipe, session.progress)
        candidates, chosen = _of_catalogue(name, bench, batch)
        asked = {"batch": len(chosen.ids), "recipe": bench.describe(), "model": name}
        plan = _trained_a_little(candidates, bench, chosen, seeds, session)
    settings = GradientsSettings(
        experiment="gradients",
        **asked,
        seeds=seeds,
        differences=tuple(_differences(candidates)),
        trained=trained.trainings([one.trained for one in candidates if one.trained is not None]),
    )
    done = session.measure(settings, plan)
    found = tuple(series(one.name, one.spec, done.values) for one in candidates)
    measured = GradientsMeasured(found, chosen.preprocessing.size)
    return session.finish(name, settings, measured, judge(found), done, range(seeds), choose("auto", "fp32"))


def _bench(name: str, data: Path | str | None, recipe: Recipe | None, progress: Progress) -> TrainingBench:
    catalogue.spec(name)  # an unknown name is told before the images are looked at
    if data is None:
        raise ConfigError(Text("{name} is a network of the catalogue: name the images too.", name=name))
    return open_bench(data, recipe or Recipe(epochs=1), progress)


def _of_catalogue(name: str, bench: TrainingBench, batch: int) -> tuple[list[GradientCandidate], Subset]:
    images = bench.pixels.images
    spec = specify(
        catalogue.spec(name),
        classes=len(bench.manifest.classes),
        in_channels=images.channels,
        image_size=bench.pixels.size,
    )
    chosen = subset.choose(bench.pixels, "train", bench.prepared, count=batch, seed=0)
    return _with_twin(GradientCandidate(name, spec, configuration(bench, 0))), chosen


def _of_runs(
    paths: Sequence[Path], data: Path | str | None, batch: int, progress: Progress
) -> tuple[list[GradientCandidate], Subset, MeasuredOn]:
    precision = choose("auto", "fp32")
    found, chosen = subset.of_runs(
        paths, data, "train", count=batch * BATCHES, seed=0, precision=precision, progress=progress
    )
    candidates = [
        GradientCandidate(one.name, one.network.spec, owner.config if owner is not None else Config(), one)
        for one, owner in zip(found, map(trained.run_of, paths), strict=True)
    ]
    if len(candidates) == 1:
        candidates = _with_twin(candidates[0])
    return candidates, chosen, subset.describe(found, chosen)


def _with_twin(one: GradientCandidate) -> list[GradientCandidate]:
    other = twin(one.name, one.spec)
    return [one] if other is None else [one, GradientCandidate(*other, one.config)]


def _differences(candidates: Sequence[GradientCandidate]) -> list[str]:
    """In what the networks differ: of trained ones also how they were trained."""
    runs = [one.trained for one in candidates if one.trained is not None]
    if len(runs) == len(candidates):
        return trained.differences(runs)
    first, *others = (specs.to_dict(one.spec) for one in candidates)
    return [f"network.{name}" for name, value in first.items() if any(other.get(name) != value for other in others)]


def _looked_at(candidates: Sequence[GradientCandidate], chosen: Subset, seeds: int, batch: int) -> dict[str, Cell]:
    """Cells for runs: each beginning, with the first batch, and the trained network, with each batch."""
    batches = [some for some in chosen.batches(batch, torch.device("cpu")) if len(some[0]) == batch]

    def begin(one: GradientCandidate, seed: int) -> Cell:
        return lambda: {START: look(one.at_start(seed), *batches[0], seed=seed)}

    def held(network: TrainedNetwork, place: int) -> Cell:
        return lambda: {TRAINED: look(network.network, *batches[place], seed=place)}

    begun = {f"{one.name}.seed{seed}": begin(one, seed) for seed in range(seeds) for one in candidates}
    batched = {
        f"{one.name}.batch{place}": held(one.trained, place)
        for place in range(len(batches))
        for one in candidates
        if one.trained is not None
    }
    return begun | batched


def _trained_a_little(
    candidates: Sequence[GradientCandidate],
    bench: TrainingBench,
    chosen: Subset,
    seeds: int,
    session: Session[GradientsResult],
) -> dict[str, Cell]:
    """Cells for a network of the catalogue: each is one training, looked at before it and after each epoch."""
    images, targets = next(chosen.batches(len(chosen.ids), bench.precision.device))

    def measure(one: GradientCandidate, seed: int) -> Cell:
        def cell() -> cells.Value:
            moments = {START: look(one.at_start(seed).to(images.device), images, targets, seed=seed)}

            def after(network: Network, epoch: int) -> None:
                moments[f"epoch{epoch}"] = look(network, images, targets, seed=seed)

            train(bench, one.spec, seed, session.work, on_epoch=after, progress=session.progress)
            return moments

        return cell

    return {f"{one.name}.seed{seed}": measure(one, seed) for seed in range(seeds) for one in candidates}
