"""`atalho lab depth`: plain against residual networks as they become deeper."""

from typing import Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.cli.lab.printing import print_result
from atalho.locale import _


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
    """Parse, call `atalho.lab.depth.run`, print."""
    from atalho.lab import depth as experiment
    from atalho.lab.training import Recipe
    from atalho.report.lab.depth import DRAWING

    numbers = shared.whole_numbers("--depths", depths)
    recipe = Recipe(epochs, images, lr, batch_size, size, skip_bad)
    with terminal.TerminalProgress() as progress:
        folder = experiment.run(
            data,
            depths=numbers,
            seeds=seeds,
            shortcuts=shared.names(shortcuts) if shortcuts is not None else None,  # type: ignore[arg-type]
            family=family,
            recipe=recipe,
            budget_minutes=budget,
            out=out,
            command=options.command(),
            progress=progress,
        )
    print_result(folder, DRAWING, as_json=json)
    return 0
