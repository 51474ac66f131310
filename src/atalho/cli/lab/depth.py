"""`atalho lab depth`: plain against residual networks as they become deeper."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options
from atalho.cli.lab import shared
from atalho.cli.lab.printing import measured
from atalho.text import _


def depth(
    data: shared.Data,
    /,
    *,
    depths: Annotated[str, Parameter(help=_("numbers of layers, with commas"))] = "20,26,56",
    seeds: shared.Seeds = 3,
    shortcuts: Annotated[
        str | None,
        Parameter(help=_("kinds of shortcuts, with commas: none (the control), zero-pad, projection, identity")),
    ] = None,
    family: Annotated[
        Literal["resnet", "preact", "mlp"], Parameter(help=_("which blocks: residual, pre-activation or linear ones"))
    ] = "resnet",
    training: shared.Trained = shared.USUAL,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.depth.run`, print."""
    from atalho.lab import depth as experiment
    from atalho.lab.depth.page import DRAWING

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
    return measured(DRAWING, measure, budget=budget, out=out, json=json)
