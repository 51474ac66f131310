"""`atalho train`: from a folder of images to a run folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.evaluate import say, summary
from atalho.config import Memory, ProtocolChoice, RecipeName, TaskName
from atalho.errors import ConfigError, OutputError
from atalho.storage import run_folder
from atalho.text import N_, Text, _

if TYPE_CHECKING:
    from atalho.runs.forecast import Forecast
    from atalho.runs.run import Run


def train(
    data: Annotated[
        str | None, Parameter(help=N_("folder with one folder per class, CSV, Parquet, IDX files or CIFAR batches"))
    ] = None,
    /,
    *,
    model_name: Annotated[
        str | None,
        options.value("model.name", N_("network of the catalogue (see atalho models), or a TOML file with its spec")),
    ] = None,
    task: Annotated[
        TaskName | None,
        options.value("task", N_("classification, or reid: re-identification of individuals or objects")),
    ] = None,
    recipe: Annotated[RecipeName | None, options.value("training.recipe")] = None,
    epochs: Annotated[options.Whole | None, options.value("training.epochs")] = None,
    minutes: Annotated[float | None, options.value("training.minutes")] = None,
    batch_size: Annotated[options.Whole | None, options.value("training.batch_size")] = None,
    memory: Annotated[Memory | None, options.value("training.memory", rare=True)] = None,
    seed: Annotated[options.Whole | None, options.value("training.seed")] = None,
    skip_bad: Annotated[bool | None, options.value("data.skip_bad")] = None,
    fix_leaks: Annotated[bool | None, options.value("data.fix_leaks")] = None,
    start: Annotated[
        str | None,
        options.value(
            "model.start",
            N_("run, model folder or name of pretrained weights to start from; its head stays if the classes do"),
        ),
    ] = None,
    out: Annotated[Path | None, Parameter(help=N_("folder of the run; default: runs/NAME"))] = None,
    protocol: Annotated[ProtocolChoice | None, options.value("reid.protocol", rare=True)] = None,
    config: Annotated[
        Path | None, Parameter(group=options.RARE, help=N_("TOML file with settings, such as a run.toml"))
    ] = None,
    resume: Annotated[
        Path | None,
        Parameter(
            help=N_(
                "run to continue exactly where it stopped; --epochs N trains it longer; DATA gives the images' new "
                "folder if they moved"
            )
        ),
    ] = None,
    accept_data_change: Annotated[
        bool,
        Parameter(
            group=options.RARE, help=N_("continue even if images have changed since the run stopped"), negative=""
        ),
    ] = False,
    continue_: Annotated[
        bool,
        Parameter(
            name="--continue",
            group=options.RARE,
            help=N_("continue the run in --out if it exists; otherwise start it"),
            negative="",
        ),
    ] = False,
    track: Annotated[
        Literal["tensorboard"] | None,
        Parameter(group=options.RARE, help=N_("also write the metrics for TensorBoard, in the run's folder")),
    ] = None,
    dry_run: Annotated[
        bool, Parameter(help=N_("show what would be trained and how, then stop without writing a run"), negative="")
    ] = False,
    json: options.JSON = False,
    model: options.section("model", apart=options.SHORT) = None,  # type: ignore[valid-type]
    images: options.section("data", apart=options.SHORT) = None,  # type: ignore[valid-type]
    augment: options.section("augment", apart=options.SHORT) = None,  # type: ignore[valid-type]
    training: options.section("training", apart=options.SHORT) = None,  # type: ignore[valid-type]
    reid: options.section("reid", apart=options.SHORT) = None,  # type: ignore[valid-type]
) -> int:
    """Parse, call `atalho.train` or `atalho.resume`, print."""
    from atalho.training import distributed

    values = {
        "model.start": str(start) if start is not None else None,
        "reid.protocol": protocol,
        "training.recipe": recipe,
        "training.epochs": epochs,
        "training.minutes": minutes,
        "training.batch_size": batch_size,
        "training.memory": memory,
        "training.seed": seed,
        "data.skip_bad": skip_bad,
        "data.fix_leaks": fix_leaks,
    }
    sections = {"model": model, "data": images, "augment": augment, "training": training, "reid": reid}
    settings = options.given(values, **sections)
    # Mistakes below are found by every process that torchrun started, and one of them tells.
    with distributed.joined() as ranks:
        if resume is not None:
            places = {
                "--model": model_name,
                "--task": task,
                "--out": out,
                "--config": config,
                "--continue": continue_ or None,
                "--dry-run": dry_run or None,
            }
            others = {path: value for path, value in values.items() if path != "training.epochs"}
            options.refuse_beside_resume(places, options.short(others), sections)
        elif accept_data_change:
            raise ConfigError("--accept-data-change only works when resuming: add --resume RUN.")
        from atalho.api import train as job

        with terminal.progress(shown=ranks.is_main) as progress:
            if dry_run:
                found = job.forecast(
                    data, model=model_name, task=task, settings=settings, config=config, out=out, progress=progress
                )
            elif resume is not None:
                run = job.resume(
                    resume,
                    data=data,
                    epochs=epochs,
                    accept_data_change=accept_data_change,
                    track=track,
                    progress=progress,
                )
            else:
                run = job.train(
                    data,
                    model=model_name,
                    task=task,
                    settings=settings,
                    config=config,
                    out=out,
                    continue_existing=continue_,
                    command=options.command(),
                    track=track,
                    progress=progress,
                )
        if dry_run:
            _show(found, as_json=json)
        elif ranks.is_main:
            try:
                _print(run, as_json=json)
                sys.stdout.flush()
            except OutputError as error:
                complete = Text("The training is complete: {path}", path=run.path)
                raise OutputError(Text.joined(error.text, complete)) from error
    return 0


def _show(found: "Forecast", *, as_json: bool) -> None:
    if as_json:
        terminal.print_json(found.to_dict())
        return
    for name, value in found.shown():
        terminal.say(f"{name}: {value}")


def _print(run: "Run", *, as_json: bool) -> None:
    found = run.evaluation
    if as_json:
        terminal.print_json({"run": str(run.path)} | summary(run.config.task, found) | {"seconds": run.seconds})
        return
    if found is not None:
        say(found, in_short=True)
    terminal.say(_("run:    {path}").format(path=run.path))
    terminal.say(_("report: {path}").format(path=run.path / run_folder.REPORT))
