"""`atalho lab compare`: addition against concatenation at an equal budget."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def compare(
    data: shared.Data,
    /,
    *,
    models: Annotated[
        str, Parameter(help=N_("networks of the catalogue, with commas"))
    ] = "resnet20,densenet-bc-40-12,plain20",
    equal: Annotated[
        Literal["params", "operations", "time"], Parameter(help=N_("what is equalised between the networks"))
    ] = "params",
    seeds: shared.Seeds = 3,
    training: shared.Trained = shared.USUAL,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.compare.run`, print."""
    from atalho.lab import compare as experiment

    measure = partial(
        experiment.run, data, models=shared.names(models), equal=equal, seeds=seeds, recipe=training.recipe()
    )
    return measure_and_print(measure, budget=budget, out=out, json=json)
