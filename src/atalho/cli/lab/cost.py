"""`atalho lab cost`: parameters, operations, memory and time of networks, side by side."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab.printing import print_result
from atalho.locale import _


def cost(
    *models: Annotated[str, Parameter(help=_("networks of the catalogue or of torchvision, such as vgg19; runs"))],
    size: Annotated[int | None, Parameter(help=_("side of the images in pixels; by the networks if not given"))] = None,
    batch: Annotated[int, Parameter(help=_("images per step"))] = 8,
    rounds: Annotated[int, Parameter(help=_("times that each network is measured; an interval needs 6"))] = 9,
    budget: Annotated[
        float | None,
        Parameter(help=_("minutes after which no further cell is begun; the same command again goes on with the rest")),
    ] = None,
    out: Annotated[Path | None, Parameter(help=_("the experiment's folder; lab/NAME if not given"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.cost.run`, print."""
    options.refuse_unknown([word for word in models if word.startswith("-")], cost)
    from atalho.lab import cost as experiment
    from atalho.report.lab.cost import DRAWING

    with terminal.TerminalProgress() as progress:
        folder = experiment.run(
            models,
            size=size,
            batch=batch,
            rounds=rounds,
            budget_minutes=budget,
            out=out,
            command=options.command(),
            progress=progress,
        )
    print_result(folder, DRAWING, as_json=json)
    return 0
