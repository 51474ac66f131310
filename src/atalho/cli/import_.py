"""`atalho import`: weights from elsewhere become a model folder."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.cli import options, terminal
from atalho.text import N_, _


def import_(
    file: Annotated[Path, Parameter(help=N_(".safetensors, or .pth .pt .th .tar with weights only"))],
    /,
    *,
    model: Annotated[str, Parameter(help=N_("the network of the catalogue that the weights are for"))],
    out: Annotated[Path, Parameter(help=N_("the new model folder"))],
    mean: Annotated[
        tuple[float, ...] | None,
        Parameter(help=N_("mean of each channel that the weights expect"), consume_multiple=True),
    ] = None,
    std: Annotated[
        tuple[float, ...] | None,
        Parameter(help=N_("deviation of each channel that the weights expect"), consume_multiple=True),
    ] = None,
    size: Annotated[int | None, Parameter(help=N_("side of the images in pixels; by the network if not given"))] = None,
    stem: Annotated[
        StemChoice, Parameter(help=N_("first layers: small (3x3) or large (7x7); by the network"))
    ] = "auto",
    shortcut: Annotated[
        ShortcutChoice,
        Parameter(help=N_("how a shortcut fits where the shape changes; by the network")),
    ] = "auto",
    classes: Annotated[Path | None, Parameter(help=N_("text file with one class name a line"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.import_file`, print."""
    from atalho.api import import_weights as job

    path = job.import_file(
        file, model=model, out=out, mean=mean, std=std, size=size, stem=stem, shortcut=shortcut, classes=classes
    )
    if json:
        terminal.print_json({"model": str(path)})
    else:
        terminal.say(_("model folder: {path}").format(path=path))
    return 0
