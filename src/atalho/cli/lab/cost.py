"""`atalho lab cost`: parameters, operations, memory and time of networks, side by side."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def cost(
    *models: Annotated[str, Parameter(help=N_("networks of the catalogue or of torchvision, such as vgg19; runs"))],
    size: Annotated[
        int | None, Parameter(help=N_("side of the images in pixels; by the networks if not given"))
    ] = None,
    batch: Annotated[int, Parameter(help=N_("images per step"))] = 8,
    rounds: Annotated[int, Parameter(help=N_("times that each network is measured; an interval needs 6"))] = 9,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.cost.run`, print."""
    options.refuse_unknown([word for word in models if word.startswith("-")], cost)
    from atalho.lab import cost as experiment

    measure = partial(experiment.run, models, size=size, batch=batch, rounds=rounds)
    return measure_and_print(measure, budget=budget, out=out, json=json)
