"""`atalho lab gradients`: what reaches the first block of the gradient, with and without shortcuts."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def gradients(
    model: Annotated[str, Parameter(help=N_("network of the catalogue, run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    seeds: shared.Seeds = 3,
    batch: Annotated[int, Parameter(help=N_("training images to look at"))] = 128,
    epochs: Annotated[int, Parameter(help=N_("how long a network of the catalogue is trained"))] = 1,
    images: shared.Images = None,
    lr: shared.Rate = 0.1,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.gradients.run`, print."""
    from atalho.lab import Recipe
    from atalho.lab import gradients as experiment

    measure = partial(
        experiment.run, model, data, beside=beside, seeds=seeds, batch=batch, recipe=Recipe(epochs, images, lr)
    )
    return measure_and_print(measure, budget=budget, out=out, json=json)
