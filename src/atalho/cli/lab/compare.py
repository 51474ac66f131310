"""`atalho lab compare`: addition against concatenation at an equal budget."""

from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.cli.lab.printing import print_result
from atalho.locale import _


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
    images: shared.Images = None,
    epochs: shared.Epochs = 6,
    lr: shared.Rate = 0.1,
    batch_size: shared.BatchSize = 128,
    size: shared.Size = None,
    skip_bad: shared.SkipBad = False,
    budget: shared.Budget = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.compare.run`, print."""
    from atalho.lab import compare as experiment
    from atalho.lab.training import Recipe
    from atalho.report.lab.compare import DRAWING

    recipe = Recipe(epochs, images, lr, batch_size, size, skip_bad)
    with terminal.TerminalProgress() as progress:
        folder = experiment.run(
            data,
            models=shared.names(models),
            equal=equal,
            seeds=seeds,
            recipe=recipe,
            budget_minutes=budget,
            out=out,
            command=options.command(),
            progress=progress,
        )
    print_result(folder, DRAWING, as_json=json)
    return 0
