"""`atalho lab landscape`: the loss around a trained network, or around two on one scale."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def landscape(
    run: Annotated[str, Parameter(help=N_("run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[int, Parameter(help=N_("training images to measure on"))] = 512,
    points: Annotated[int, Parameter(help=N_("points on each line and on each side of the plane, an odd number"))] = 21,
    reach: Annotated[float, Parameter(help=N_("longest step, as a share of the weights"))] = 1.0,
    lines: Annotated[int, Parameter(help=N_("random lines; an interval needs two or more"))] = 5,
    norms: Annotated[
        Literal["recomputed", "kept"],
        Parameter(help=N_("statistics of the norms: of the images at each point, or as trained")),
    ] = "recomputed",
    seed: Annotated[int, Parameter(help=N_("seed of the images and of the directions"))] = 0,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.landscape.run`, print."""
    from atalho.lab import landscape as experiment

    measure = partial(
        experiment.run,
        run,
        data,
        beside=beside,
        images=images,
        points=points,
        reach=reach,
        lines=lines,
        norms=norms,
        seed=seed,
    )
    return measure_and_print(measure, budget=budget, out=out, json=json)
