"""Train a network on a folder of images: from the images to a run folder with model, metrics, figures and report."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from atalho import config as schema
from atalho.errors import ConfigError
from atalho.precision import threads
from atalho.runs import continuation, data_change, provenance
from atalho.runs.begin import begin
from atalho.runs.follow import follow
from atalho.runs.resume import continue_run
from atalho.runs.run import Run
from atalho.storage import run_file
from atalho.text import Text
from atalho.training import distributed
from atalho.training.progress import Progress
from atalho.training.tracking import Tracker, tracked, tracker_of


def train(
    data: Path | str | None = None,
    *,
    model: str | None = None,
    task: str | None = None,
    recipe: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    continue_existing: bool = False,
    command: str | None = None,
    track: Tracker | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train on the images at `data` and return the finished run.

    Every other value of the schema goes into `settings`, by path (`{"training.lr": 0.2}`) or nested; `config` is a
    TOML file; what is given here wins over the file, and the file over the recipe. `out` is the run's folder
    (default `runs/<name of data>`); with `continue_existing` a run that is there already is continued, if it began
    with the same settings. `track` writes the metrics for TensorBoard too. Under torchrun every rank calls this, and
    rank 0 reads, tells and writes; a restarted group continues its run. Raises ConfigError and DataError, and
    OutOfMemoryError for steps that clearly do not fit, before any work is done.
    """
    shortcuts = {
        "data.path": str(data) if data is not None else None,
        "model.name": model,
        "task": task,
        "training.recipe": recipe,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.seed": seed,
    }
    folder, command = Path(out) if out is not None else None, command or provenance.called_from_python("atalho.train")
    with distributed.joined() as ranks:
        file = run_file.read(Path(config)) if config is not None else {}
        values = schema.merge(
            file,
            schema.nest(settings or {}),
            schema.nest({path: value for path, value in shortcuts.items() if value is not None}),
        )
        _refuse_another_recipe(file, values)
        continue_existing |= ranks.restarts > 0
        continuation.refuse_nowhere(folder, continue_existing, ranks)
        if not ranks.is_main:
            return follow(ranks)
        listener = tracked(progress, track)
        asked = schema.ask(values)
        if isinstance(spec := asked.config.model.spec, str):  # a file: the run holds its network itself
            network = {"model.spec": run_file.read(Path(spec))}
            values = schema.merge(values, schema.nest(network))
            asked = replace(asked, config=schema.change(asked.config, network))
        digest = continuation.command_digest(values, asked.config)
        before = continuation.find_run(folder, digest) if folder is not None and continue_existing else None
        if before is not None:
            return continue_run(before, before.config.data, False, listener, ranks)
        with threads(asked.config.training.threads):
            return begin(asked, digest, folder, command, listener, ranks)


def resume(
    path: Path | str,
    *,
    data: Path | str | None = None,
    accept_data_change: bool = False,
    track: Tracker | None = None,
    progress: Progress | None = None,
) -> Run:
    """Continue the run at `path` exactly where its newest intact checkpoint left it, and finish it.

    `data` says where the images are now, if they moved. Images whose content, names or splits changed are refused
    unless `accept_data_change`: then the epoch in progress begins again with the images as they are now, finished
    epochs stay finished, and the run's record says so. Mean and deviation stay those that the network has seen.
    What was tracked so far is tracked on; `track` begins it.
    Raises RunError where `path` is no run, or its images are not those it was started with, or have other classes.
    """
    with distributed.joined() as ranks:
        if not ranks.is_main:
            return follow(ranks)
        run = Run.open(path)
        listener = tracked(progress, track or tracker_of(run.path))
        return continue_run(run, data_change.data_at(data, run), accept_data_change, listener, ranks)


def _refuse_another_recipe(file: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """A complete file fixes every value of its recipe, so that the name of another one would change nothing else."""
    held, wanted = (values.get("training", {}).get("recipe") for values in (file, asked))
    if held is not None and held != wanted:
        raise ConfigError(
            Text(
                "The file asks for the recipe {held} with all its values; --recipe {wanted} would change only the "
                "name.",
                held=held,
                wanted=wanted,
            )
        )
