"""`atalho lab lesion`: a trained network without each of its blocks."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def lesion(
    run: Annotated[str, Parameter(help=N_("run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[int, Parameter(help=N_("test images to measure on"))] = 2000,
    counts: Annotated[str, Parameter(help=N_("how many blocks are removed at random, with commas"))] = "2,4,8,16",
    draws: Annotated[int, Parameter(help=N_("random choices for each number of blocks"))] = 5,
    seed: Annotated[int, Parameter(help=N_("seed of the images and of the random choices"))] = 0,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.lesion.run`, print."""
    from atalho.lab import lesion as experiment

    numbers = shared.whole_numbers("--counts", counts)
    measure = partial(experiment.run, run, data, beside=beside, images=images, counts=numbers, draws=draws, seed=seed)
    return measure_and_print(measure, budget=budget, out=out, json=json)
