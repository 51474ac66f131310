"""`lab gradients`: what reaches the first block of the gradient, with shortcuts and without them.

A network of the catalogue is trained a little beside its twin, from several seeds, and measured as it begins and after
each epoch. A trained run is measured as it began, again from several seeds beside its twin, and as it is.
The twins differ in the shortcuts alone: from the same seed, their residual branches begin with the same weights.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Unpack

from atalho.config import Config
from atalho.errors import ConfigError
from atalho.json_values import JsonObject
from atalho.lab.gradients.page import GradientsResult
from atalho.lab.gradients.result import GradientsMeasured, GradientsSettings
from atalho.lab.gradients.series import START, TRAINED, Probe, judge, probe, series
from atalho.lab.shared import subset, trained, words
from atalho.lab.shared.session import BudgetedOptions, Session
from atalho.lab.shared.subset import MeasuredOn, Subset
from atalho.lab.shared.trained import Compared, TrainedNetwork
from atalho.lab.shared.training import Recipe, TrainingBench, configuration, open_bench, train
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.networks.network import Network
from atalho.networks.select import twin
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.runs.network import first_weights
from atalho.runs.network_source import means_folder
from atalho.runs.run import run_at
from atalho.stored import from_json
from atalho.text import _
from atalho.training.progress import Progress

BATCHES = 5
"""Batches of images that a trained network is measured with: there is one of it, so the interval is over images."""

Cell = Callable[[], dict[str, Probe]]


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
    **options: Unpack[BudgetedOptions],
) -> GradientsResult:
    """Measure the gradients of `model`, a network's name or a run, beside those of its twin; the result.

    A name needs `data`, and `recipe` says how its networks are trained (by default one epoch on all images). A run has
    its own images, and `beside` may name the run of its twin. `seeds` are how many beginnings are measured, `batch`
    how many training images at once. The folder (default `lab/gradients-<name>`) keeps what is finished.
    Raises ConfigError, DataError and WeightsError before any work is done.
    """
    if seeds < 1 or batch < 2:
        raise ConfigError("Give at least 1 seed and at least 2 images to measure on.")
    runs = [path for path in (model, beside) if path is not None] if means_folder(model) else []
    if beside is not None and not runs:
        raise ConfigError("--beside is for two runs; a network of the catalogue is compared with its twin anyway.")
    name = trained.names(runs)[0] if runs else str(model)
    session = Session.begin(GradientsResult, name, trained.beside(runs[0]) if runs else None, **options)
    asked: dict[str, Any]
    precision = session.precision(_begun_in(session.begun))
    if runs:
        candidates, chosen, measured_on = _of_runs(runs, data, batch, precision, session.progress)
        asked = {"batch": min(batch, len(chosen.ids)), "measured_on": measured_on}
        plan = _plan_of_runs(candidates, chosen, seeds, asked["batch"], precision)
    else:
        bench = _bench(name, data, recipe, session.progress)
        if precision.numbers == "bf16":  # fp32 is not said, as it was when there was nothing else
            bench = dataclasses.replace(bench, errors_in=precision)
        chosen = subset.choose(bench.pixels, "train", bench.prepared, count=batch, seed=0)
        spec = bench.fitted(catalogue.spec(name), image_size=bench.pixels.size)
        candidates = _with_twin(GradientCandidate(name, spec, configuration(bench, 0)))
        asked = {"batch": len(chosen.ids), "recipe": bench.describe(), "model": name}
        plan = _plan_of_trainings(candidates, bench, chosen, seeds, session, precision)
    settings = GradientsSettings(experiment="gradients", **asked, seeds=seeds, compared=_compared(candidates))
    done = session.measure(settings, plan, titles=_titles(candidates, seeds, plan))
    probes = from_json(dict[str, dict[str, Probe]], done.values)
    networks = tuple(series(one.name, one.spec, probes) for one in candidates)
    measured = GradientsMeasured(networks, chosen.preprocessing.size)
    return session.finish(name, settings, measured, judge(networks), done, range(seeds), precision)


def _begun_in(begun: JsonObject) -> object:
    """The number type in which gradients were measured: of a network of the catalogue it stands with its training."""
    match begun:
        case {"recipe": {"errors_in": kind}} | {"precision": kind}:
            return kind
    return None


def _bench(name: str, data: Path | str | None, recipe: Recipe | None, progress: Progress) -> TrainingBench:
    catalogue.spec(name)  # an unknown name is told before the images are read
    if data is None:
        raise ConfigError("{name} is a network of the catalogue: give the images too.", name=name)
    return open_bench(data, recipe or Recipe(epochs=1), progress)


def _of_runs(
    paths: Sequence[Path | str], data: Path | str | None, batch: int, precision: Precision, progress: Progress
) -> tuple[list[GradientCandidate], Subset, MeasuredOn]:
    networks, chosen = subset.of_runs(
        paths, data, "train", count=batch * BATCHES, seed=0, precision=precision, progress=progress
    )
    candidates = [
        GradientCandidate(one.name, one.network.spec, owner.config if owner is not None else Config(), one)
        for one, owner in zip(networks, map(run_at, paths), strict=True)
    ]
    if len(candidates) == 1:
        candidates = _with_twin(candidates[0])
    return candidates, chosen, subset.describe(networks, chosen)


def _with_twin(one: GradientCandidate) -> list[GradientCandidate]:
    other = twin(one.name, one.spec)
    return [one] if other is None else [one, GradientCandidate(*other, one.config)]


def _compared(candidates: Sequence[GradientCandidate]) -> Compared:
    """In what the networks differ: of trained ones also how they were trained."""
    runs = [one.trained for one in candidates if one.trained is not None]
    if len(runs) == len(candidates):
        return Compared.of(runs)
    first, *others = (specs.to_dict(one.spec) for one in candidates)
    differing = [f"network.{key}" for key, value in first.items() if any(other.get(key) != value for other in others)]
    return Compared.of(runs, differing)


def _titles(candidates: Sequence[GradientCandidate], seeds: int, plan: Mapping[str, Cell]) -> dict[str, str]:
    """What each cell measures: a network from a seed, or a trained one with a batch of images."""
    titles = {
        f"{one.name}.seed{seed}": words.of_seed(one.name, seed) for seed, one in product(range(seeds), candidates)
    }
    for cell in plan:
        name, _dot, batch = cell.rpartition(".batch")
        if name:
            titles[cell] = _("{network}, batch {n}").format(network=name, n=int(batch) + 1)
    return titles


def _plan_of_runs(
    candidates: Sequence[GradientCandidate], chosen: Subset, seeds: int, batch: int, precision: Precision
) -> Mapping[str, Cell]:
    """Each beginning, with the first batch, and the trained network, with each batch."""
    device = precision.device
    batches = [some for some in chosen.batches(batch, device) if len(some[0]) == batch]

    def begun(one: GradientCandidate, seed: int) -> dict[str, Probe]:
        return {START: probe(one.at_start(seed).to(device), *batches[0], precision=precision, seed=seed)}

    def held(one: TrainedNetwork, place: int) -> dict[str, Probe]:
        return {TRAINED: probe(one.network, *batches[place], precision=precision, seed=place)}

    runs = [one.trained for one in candidates if one.trained is not None]
    return {f"{one.name}.seed{seed}": partial(begun, one, seed) for seed, one in product(range(seeds), candidates)} | {
        f"{one.name}.batch{place}": partial(held, one, place) for place, one in product(range(len(batches)), runs)
    }


def _plan_of_trainings(
    candidates: Sequence[GradientCandidate],
    bench: TrainingBench,
    chosen: Subset,
    seeds: int,
    session: Session[Any],
    precision: Precision,
) -> Mapping[str, Cell]:
    """Each cell is one training, measured before it and after each epoch."""
    images, targets = next(chosen.batches(len(chosen.ids), bench.precision.device))

    def measure(one: GradientCandidate, seed: int) -> dict[str, Probe]:
        began = one.at_start(seed).to(images.device)
        moments = {START: probe(began, images, targets, precision=precision, seed=seed)}

        def after(network: Network, epoch: int) -> None:
            moments[f"epoch{epoch}"] = probe(network, images, targets, precision=precision, seed=seed)

        train(bench, one.spec, seed, session.work, on_epoch=after, progress=session.progress)
        return moments

    return {f"{one.name}.seed{seed}": partial(measure, one, seed) for seed, one in product(range(seeds), candidates)}
