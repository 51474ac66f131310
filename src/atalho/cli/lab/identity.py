"""`atalho lab identity`: the first blocks at zero against the network without them."""

from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.cli.lab.printing import print_result
from atalho.text import _


def identity(
    model: Annotated[
        str, Parameter(help=_("network of the catalogue, run or model folder, or TOML file with a specification"))
    ],
    data: Annotated[str | None, Parameter(help=_("real images; those of the sample fashion if not given"))] = None,
    /,
    *,
    blocks: Annotated[int, Parameter(help=_("how many of the first blocks become zero"))] = 2,
    images: Annotated[int, Parameter(help=_("random images, and as many real ones"))] = 8,
    seed: Annotated[int, Parameter(help=_("seed of everything random"))] = 0,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.identity.run`, print."""
    from atalho.lab import identity as experiment
    from atalho.lab.identity.page import DRAWING
    from atalho.lab.shared import stored

    with terminal.TerminalProgress() as progress:
        folder = experiment.run(
            model, data, blocks=blocks, images=images, seed=seed, out=out, command=options.command(), progress=progress
        )
    found = stored.read(folder)
    largest = found["measured"]["largest_difference"]
    if json:
        terminal.print_json({"largest_difference": largest, "folder": str(folder), **found})
        return 0
    print_result(folder, DRAWING, as_json=False)
    terminal.say(_("largest difference {value}").format(value=largest))
    return 0
