"""`atalho lab depth`: plain against residual networks as they become deeper."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measure_and_print
from atalho.text import N_


def depth(
    data: shared.Data,
    /,
    *,
    depths: Annotated[str, Parameter(help=N_("numbers of layers, with commas"))] = "20,26,56",
    seeds: shared.Seeds = 3,
    shortcuts: Annotated[
        str | None,
        Parameter(help=N_("kinds of shortcuts, with commas: none (the control), zero-pad, projection, identity")),
    ] = None,
    family: Annotated[
        Literal["resnet", "preact", "mlp"], Parameter(help=N_("which blocks: residual, pre-activation or linear ones"))
    ] = "resnet",
    training: shared.Trained = shared.USUAL,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.depth.run`, print."""
    from atalho.lab import depth as experiment

    numbers = shared.whole_numbers("--depths", depths)
    measure = partial(
        experiment.run,
        data,
        depths=numbers,
        seeds=seeds,
        shortcuts=shared.names(shortcuts) if shortcuts is not None else None,  # type: ignore[arg-type]
        family=family,
        recipe=training.recipe(),
    )
    return measure_and_print(measure, budget=budget, out=out, json=json)
