"""`atalho lab identity`: the first blocks at zero against the network without them."""

from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.cli.lab.printing import print_result
from atalho.text import N_, _


def identity(
    model: Annotated[
        str, Parameter(help=N_("network of the catalogue, run or model folder, or TOML file with a specification"))
    ],
    data: Annotated[str | None, Parameter(help=N_("real images; those of the sample fashion if not given"))] = None,
    /,
    *,
    blocks: Annotated[int, Parameter(help=N_("how many of the first blocks become zero"))] = 2,
    images: Annotated[int, Parameter(help=N_("random images, and as many real ones"))] = 8,
    seed: Annotated[int, Parameter(help=N_("seed of everything random"))] = 0,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.lab.identity.run`, print."""
    from atalho.lab import identity as experiment

    with terminal.TerminalProgress() as progress:
        result = experiment.run(
            model, data, blocks=blocks, images=images, seed=seed, out=out, command=options.command(), progress=progress
        )
    largest = result.largest_difference
    if json:
        terminal.print_json({"largest_difference": largest, "folder": str(result.path), **result.to_dict()})
        return 0
    print_result(result, as_json=False)
    terminal.say(_("largest difference {value}").format(value=largest))
    return 0
