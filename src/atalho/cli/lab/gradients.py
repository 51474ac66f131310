"""`atalho lab gradients`: what reaches the first block of the gradient, with and without shortcuts."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.cli.lab.printing import print_result
from atalho.locale import _


def gradients(
    model: Annotated[str, Parameter(help=_("network of the catalogue, run or model folder"))],
    data: Annotated[str | None, Parameter(help=_("images to measure on; the run's own if not given"))] = None,
    /,
    *,
    beside: Annotated[
        Path | None, Parameter(help=_("run or model folder to compare with, such as that of the plain twin"))
    ] = None,
    seeds: shared.Seeds = 3,
    batch: Annotated[int, Parameter(help=_("training images to look at"))] = 128,
    epochs: Annotated[int, Parameter(help=_("how long a network of the catalogue is trained"))] = 1,
    images: shared.Images = None,
    lr: shared.Rate = 0.1,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.gradients.run`, print."""
    from atalho.lab import gradients as experiment
    from atalho.lab.training import Recipe
    from atalho.report.lab.gradients import DRAWING

    with terminal.TerminalProgress() as progress:
        folder = experiment.run(
            model,
            data,
            beside=beside,
            seeds=seeds,
            batch=batch,
            recipe=Recipe(epochs, images, lr),
            budget_minutes=budget,
            out=out,
            command=options.command(),
            progress=progress,
        )
    print_result(folder, DRAWING, as_json=json)
    return 0
