"""`atalho lab compare`: addition against concatenation at an equal budget."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measured
from atalho.text import _


def compare(
    data: shared.Data,
    /,
    *,
    models: Annotated[
        str, Parameter(help=_("networks of the catalogue, with commas"))
    ] = "resnet20,densenet-bc-40-12,plain20",
    equal: Annotated[
        Literal["params", "operations", "time"], Parameter(help=_("what all networks have as much of"))
    ] = "params",
    seeds: shared.Seeds = 3,
    training: shared.Trained = shared.USUAL,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.compare.run`, print."""
    from atalho.lab import compare as experiment
    from atalho.lab.compare.page import DRAWING

    measure = partial(
        experiment.run,
        data,
        models=shared.names(models),
        equal=equal,
        seeds=seeds,
        recipe=training.recipe(),
    )
    return measured(DRAWING, measure, budget=budget, out=out, json=json)
