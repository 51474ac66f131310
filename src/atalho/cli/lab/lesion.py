"""`atalho lab lesion`: a trained network without each of its blocks."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measured
from atalho.text import _


def lesion(
    run: Annotated[str, Parameter(help=_("run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[int, Parameter(help=_("test images to measure on"))] = 2000,
    counts: Annotated[str, Parameter(help=_("how many blocks are removed at random, with commas"))] = "2,4,8,16",
    draws: Annotated[int, Parameter(help=_("random choices for each number of blocks"))] = 5,
    seed: Annotated[int, Parameter(help=_("seed of the images and of the random choices"))] = 0,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.lesion.run`, print."""
    from atalho.lab import lesion as experiment
    from atalho.lab.lesion.page import DRAWING

    numbers = shared.whole_numbers("--counts", counts)
    measure = partial(experiment.run, run, data, beside=beside, images=images, counts=numbers, draws=draws, seed=seed)
    return measured(DRAWING, measure, budget=budget, out=out, json=json)
