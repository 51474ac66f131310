"""`atalho train`: from a folder of images to a run folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.evaluate import say_in_short, summary
from atalho.errors import ConfigError
from atalho.storage import run_folder
from atalho.text import Text, _
from atalho.training import distributed

if TYPE_CHECKING:
    from atalho.runs.run import Run


def train(
    data: Annotated[str | None, Parameter(help=_("folder of class folders, CSV, IDX files or CIFAR batches"))] = None,
    /,
    *,
    model_name: Annotated[
        str | None,
        Parameter(
            name="--model", help=_("the network; atalho models lists them; or a TOML file with its specification")
        ),
    ] = None,
    task: Annotated[
        str | None, Parameter(help=_("classification (default), or reid: is this the same individual or object?"))
    ] = None,
    recipe: Annotated[str | None, Parameter(help=_("fast (default), paper or finetune"))] = None,
    epochs: Annotated[int | None, Parameter(help=_("passes over the training images"))] = None,
    batch_size: Annotated[int | None, Parameter(help=_("images per step"))] = None,
    memory: Annotated[
        Literal["plain", "saving"] | None,
        Parameter(help=_("saving: less memory and the same result, in more time")),
    ] = None,
    seed: Annotated[int | None, Parameter(help=_("seed of everything random"))] = None,
    skip_bad: Annotated[
        bool, Parameter(help=_("leave out images that cannot be read instead of refusing"), negative="")
    ] = False,
    start: Annotated[
        Path | None, Parameter(name="--from", help=_("run or model folder to start from, with a new head"))
    ] = None,
    out: Annotated[Path | None, Parameter(help=_("the run's folder; runs/NAME if not given"))] = None,
    protocol: Annotated[
        str | None, Parameter(help=_("reid: cross-camera (default where cameras are known) or leave-self-out"))
    ] = None,
    config: Annotated[Path | None, Parameter(help=_("TOML file with settings, such as a run.toml"))] = None,
    resume: Annotated[
        Path | None, Parameter(help=_("run to continue exactly where it stopped; DATA says where its images are now"))
    ] = None,
    accept_data_change: Annotated[
        bool, Parameter(help=_("go on with images that changed since the run stopped"), negative="")
    ] = False,
    continue_: Annotated[
        bool,
        Parameter(name="--continue", help=_("continue the run in --out if it is there, else begin it"), negative=""),
    ] = False,
    track: Annotated[
        Literal["tensorboard"] | None, Parameter(help=_("write the metrics for TensorBoard too, in the run's folder"))
    ] = None,
    json: options.JSON = False,
    model: options.section("model") = None,  # type: ignore[valid-type]
    images: options.section("data") = None,  # type: ignore[valid-type]
    augment: options.section("augment") = None,  # type: ignore[valid-type]
    training: options.section("training") = None,  # type: ignore[valid-type]
    reid: options.section("reid") = None,  # type: ignore[valid-type]
) -> int:
    """Parse, call `atalho.train` or `atalho.resume`, print."""
    sections = options.given(model=model, data=images, augment=augment, training=training, reid=reid)
    shortcuts = {
        "--model": ("model.spec" if _is_file(model_name) else "model.name", model_name),
        "--from": ("model.start", start and str(start)),
        "--protocol": ("reid.protocol", protocol),
        "--recipe": ("training.recipe", recipe),
        "--epochs": ("training.epochs", epochs),
        "--batch-size": ("training.batch_size", batch_size),
        "--memory": ("training.memory", memory),
        "--seed": ("training.seed", seed),
        "--skip-bad": ("data.skip_bad", skip_bad or None),
    }
    # Mistakes below are found by every process that torchrun started, and one of them tells.
    with distributed.joined() as ranks:
        if resume is not None:
            places = {"--task": task, "--out": out, "--config": config, "--continue": continue_ or None}
            options.refuse_beside_resume(places, {flag: value for flag, (_path, value) in shortcuts.items()}, sections)
        elif accept_data_change:
            raise ConfigError(Text("--accept-data-change belongs to a resume: give --resume RUN with it."))
        settings = options.joined(shortcuts, sections)
        from atalho.api import train as job

        with terminal.progress(shown=ranks.is_main) as progress:
            if resume is not None:
                run = job.resume(
                    resume, data=data, accept_data_change=accept_data_change, track=track, progress=progress
                )
            else:
                run = job.train(
                    data,
                    task=task,
                    settings=settings,
                    config=config,
                    out=out,
                    continue_existing=continue_,
                    command=options.command(),
                    track=track,
                    progress=progress,
                )
        if ranks.is_main:
            _print(run, as_json=json)
    return 0


def _is_file(name: str | None) -> bool:
    return name is not None and name.endswith(".toml")


def _print(run: "Run", *, as_json: bool) -> None:
    found = run.evaluation
    if as_json:
        terminal.print_json({"run": str(run.path)} | summary(run.config.task, found) | {"seconds": run.seconds})
        return
    if found:
        say_in_short(found)
    terminal.say(_("run:    {path}").format(path=run.path))
    terminal.say(_("report: {path}").format(path=run.path / run_folder.REPORT))
