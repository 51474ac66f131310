"""Train a network on a folder of images: from the images to a run folder with model, metrics, figures and report."""

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from atalho.errors import ConfigError
from atalho.json_values import JsonObject, JsonValue
from atalho.runs import continuation, data_change, provenance, speed
from atalho.runs.begin import begin
from atalho.runs.follow import follow
from atalho.runs.forecast import Forecast, foresee
from atalho.runs.resume import continue_run
from atalho.runs.run import Run
from atalho.settings import Asked, ask, by_path, change, flatten, merge, nest, refuse_other_task
from atalho.storage import run_file
from atalho.training import distributed
from atalho.training.progress import Progress
from atalho.training.shown import told
from atalho.training.tracking import Tracker, tracker_of

_LENGTHS: Final = ("epochs", "steps", "minutes")
"""The settings of training that say how long it lasts."""


def train(
    data: Path | str | None = None,
    *,
    model: Path | str | None = None,
    task: str | None = None,
    recipe: str | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    continue_existing: bool = False,
    command: str | None = None,
    track: Tracker | None = None,
    callbacks: Iterable[Progress] = (),
    progress: Progress | Literal["auto"] | None = "auto",
    **named: Any,
) -> Run:
    """Train on the images at `data`.

    What is given here wins over the file `config`, and the file over the recipe. Under torchrun every rank calls this,
    and rank 0 reads, tells and writes; a restarted group continues its run.

    Parameters
    ----------
    data
        A folder of class folders, a CSV file, Parquet, IDX files or CIFAR batches.
    minutes
        Train for so long instead of for a number of epochs: the first steps are timed, which fixes the number of steps.
    model, task, recipe, epochs, batch_size, seed
        The settings that are given most often; `atalho.list_models()` names the models, and a file `NAME.toml` is a
        spec.
    settings
        Every other value of the schema, by path (`{"training.lr": 0.2}`), by its own name (`{"lr": 0.2}`) or nested.
    config
        A TOML file with settings, such as the `run.toml` of a run.
    out
        The run's folder, by default `runs/` and the name of `data`.
    continue_existing
        Continue a run that is there already, if it began with the same settings.
    command
        How the run was asked for, for its record.
    track
        Write the metrics for TensorBoard too.
    callbacks
        Objects of classes derived from `atalho.Progress`, told of every step, epoch and end. One that raises an error
        is reported, and the training goes on.
    progress
        "auto" shows how far it is: bars on a terminal, a table that grows in a notebook, a line an epoch elsewhere.
        None is silent.
    named
        Settings by their own names: `lr=0.2` is `settings={"training.lr": 0.2}`.

    Returns
    -------
    Run
        The finished run: its `evaluation`, its `model`, its folder.

    Raises
    ------
    ConfigError
        A setting is not accepted or belongs to another task, or something stands at `out` already.
    DataError
        The images cannot be read or learnt from.
    OutOfMemoryError
        A step clearly does not fit into memory; nothing has been done then.

    Examples
    --------
    >>> atalho.train("photos", model="resnet20", epochs=1).evaluation
    """
    shortcuts = _shortcuts(data, model, task) | {
        "training.recipe": recipe,
        "training.epochs": epochs,
        "training.minutes": minutes,
        "training.batch_size": batch_size,
        "training.seed": seed,
    }
    folder, command = Path(out) if out is not None else None, command or provenance.called_from_python("atalho.train")
    with distributed.joined() as ranks:
        given = _given(settings, named)
        values = _values(given, shortcuts, config)
        continue_existing |= ranks.restarts > 0
        continuation.refuse_nowhere(folder, continue_existing, ranks)
        if not ranks.is_main:
            return follow(ranks)
        with told(progress, track, callbacks) as listener:
            asked, values = _asked(values)
            digest = continuation.command_digest(values, asked.config)
            before = continuation.find_run(folder, digest) if folder is not None and continue_existing else None
            if before is not None:
                return continue_run(before, before.config.data, False, listener, ranks)
            refuse_other_task(given, asked.config.task)
            return begin(asked, digest, folder, command, listener, ranks)


def forecast(
    data: Path | str | None = None,
    *,
    model: Path | str | None = None,
    task: str | None = None,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    out: Path | str | None = None,
    progress: Progress | None = None,
) -> Forecast:
    """What `train` would do with the same arguments; nothing of a run is written. Raises as `train` does."""
    given = _given(settings, {})
    asked, _ = _asked(_values(given, _shortcuts(data, model, task), config))
    refuse_other_task(given, asked.config.task)
    with distributed.joined() as ranks:
        ranks.refuse_company()
        return foresee(asked, Path(out) if out is not None else None, progress or Progress(), ranks)


def resume(
    path: Path | str,
    *,
    data: Path | str | None = None,
    epochs: int | None = None,
    accept_data_change: bool = False,
    track: Tracker | None = None,
    callbacks: Iterable[Progress] = (),
    progress: Progress | Literal["auto"] | None = "auto",
) -> Run:
    """Continue a run exactly where its newest intact checkpoint left it, and finish it.

    Parameters
    ----------
    path
        The run's folder.
    data
        Where the images are now, if they moved.
    epochs
        Train until so many epochs are done, counted from the run's beginning, also where it is finished: from its
        newest checkpoint on, the learning rate is that of a schedule made for all of them.
    accept_data_change
        Accept images whose content, names or splits changed: the epoch in progress begins again with the images as they
        are now, finished epochs stay finished, and the run's record says so. Mean and deviation stay those that the
        network has seen.
    track
        Write the metrics for TensorBoard from now on; a run that was tracked stays so.
    callbacks, progress
        As in `train`.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    RunError
        There is no run at `path`, or its images are not those that it was started with, or have other classes.
    ConfigError
        The run has trained for so many `epochs` already.

    Examples
    --------
    >>> atalho.resume("runs/photos").top1
    """
    with distributed.joined() as ranks:
        if not ranks.is_main:
            return follow(ranks)
        run = Run.open(path)
        with told(progress, track or tracker_of(run.path), callbacks) as listener:
            return continue_run(run, data_change.data_at(data, run), accept_data_change, listener, ranks, epochs)


def _given(settings: Mapping[str, Any] | None, named: Mapping[str, Any]) -> JsonObject:
    """The settings, nested, that were given at once and by their own names."""
    if not isinstance(settings, Mapping | None):
        raise ConfigError(
            "settings: expected a dictionary of names and values, not {kind}.", kind=type(settings).__name__
        )
    beside = inspect.signature(train).parameters
    return merge(nest(by_path(settings or {}, beside)), nest(by_path(named, beside)))


def _shortcuts(data: Path | str | None, model: Path | str | None, task: str | None) -> dict[str, JsonValue]:
    """The settings, by path, that the arguments of these names mean."""
    if model is not None and not isinstance(model, str | Path):
        raise ConfigError(
            "model: expected the name of a network or the path of a spec, not {kind}.", kind=type(model).__name__
        )
    network = str(model) if model is not None else None
    return {
        "data.path": str(data) if data is not None else None,
        "model.spec" if network is not None and network.endswith(".toml") else "model.name": network,
        "task": task,
    }


def _values(given: JsonObject, shortcuts: Mapping[str, JsonValue], config: Path | str | None) -> JsonObject:
    """The nested settings that were given, over those of the file `config`."""
    file = _for_machine(run_file.read(Path(config))) if config is not None else {}
    own = merge(given, nest({path: value for path, value in shortcuts.items() if value is not None}))
    values = merge(_for_length(_for_network(file, own), own), own)
    _refuse_another_recipe(file, values)
    return values


def _asked(values: JsonObject) -> tuple[Asked, JsonObject]:
    """What `values` ask for, and the same with the content of a spec in place of its file: a run holds its network."""
    asked = ask(values)
    if not isinstance(spec := asked.config.model.spec, str):
        return asked, values
    content = {"model.spec": run_file.read(Path(spec))}
    return replace(asked, config=change(asked.config, content)), merge(values, nest(content))


def _for_length(file: JsonObject, asked: JsonObject) -> JsonObject:
    """`file` without its length of a run where another one is asked for. Raises ConfigError for two of them."""
    training = asked.get("training")
    lengths = [name for name in _LENGTHS if isinstance(training, Mapping) and training.get(name) is not None]
    if len(lengths) > 1:
        raise ConfigError(
            "{names}: these are different ways to say how long to train. Give one of them.",
            names=", ".join(f"training.{name}" for name in lengths),
        )
    return _without(file, _LENGTHS) if lengths else file


def _for_network(file: JsonObject, asked: JsonObject) -> JsonObject:
    """`file` without its spec where a network was asked for by name: a spec wins over a name."""
    model = file.get("model")
    if not isinstance(model, Mapping) or "model.name" not in flatten(asked):
        return file
    return file | {"model": {name: value for name, value in model.items() if name != "spec"}}


def _for_machine(file: JsonObject) -> JsonObject:
    """`file` without what was chosen for the speed of another machine than this one."""
    training = file.get("training")
    record = training.get("measured") if isinstance(training, Mapping) else None
    if not isinstance(record, str) or record.startswith(speed.machine()):
        return file
    return _without(file, speed.DECIDED)


def _without(file: JsonObject, names: Collection[str]) -> JsonObject:
    """`file` without settings of training."""
    training = file.get("training")
    kept = (
        {name: value for name, value in training.items() if name not in names} if isinstance(training, Mapping) else {}
    )
    return file | {"training": kept}


def _refuse_another_recipe(file: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """A complete file fixes every value of its recipe, so that the name of another one would change nothing else."""
    held, wanted = (flatten(values).get("training.recipe") for values in (file, asked))
    if held is not None and held != wanted:
        raise ConfigError(
            "The file has the recipe {held} with all its values; --recipe {wanted} would only change the "
            "name. Remove it.",
            held=held,
            wanted=wanted,
        )
