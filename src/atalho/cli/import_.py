"""`atalho import`: weights from elsewhere become a model folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from atalho.blocks.kinds import ShortcutChoice, StemChoice
from atalho.cli import options, terminal
from atalho.text import N_, _


@dataclass(frozen=True)
class ImageOptions:
    """How the images must be prepared for weights from elsewhere."""

    mean: Annotated[
        tuple[float, ...] | None,
        Parameter(help=N_("mean per channel that the weights expect"), consume_multiple=True),
    ] = None
    std: Annotated[
        tuple[float, ...] | None,
        Parameter(help=N_("standard deviation per channel that the weights expect"), consume_multiple=True),
    ] = None
    size: Annotated[
        options.Whole | None, Parameter(help=N_("side of the images in pixels; default: chosen from the network"))
    ] = None


_USUAL: Final = ImageOptions()


def import_(
    file: Annotated[Path, Parameter(help=N_(".safetensors, or .pth .pt .th .tar with only weights"))],
    /,
    *,
    model: Annotated[str, Parameter(help=N_("network of the catalogue that the weights belong to"))],
    out: Annotated[Path, Parameter(help=N_("model folder to create"))],
    images: Annotated[ImageOptions, Parameter(name="*")] = _USUAL,
    stem: Annotated[
        StemChoice, Parameter(help=N_("stem: small (3x3) or large (7x7); default: chosen from the network"))
    ] = "auto",
    shortcut: Annotated[
        ShortcutChoice,
        Parameter(help=N_("shortcut where the shape changes; default: chosen from the network")),
    ] = "auto",
    classes: Annotated[Path | None, Parameter(help=N_("text file with one class name per line"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.import_file`, print."""
    from atalho.api import import_weights as job

    path = job.import_file(
        file,
        model=model,
        out=out,
        mean=images.mean,
        std=images.std,
        size=images.size,
        stem=stem,
        shortcut=shortcut,
        classes=classes,
    )
    if json:
        terminal.print_json({"model": str(path)})
    else:
        terminal.say(_("model folder: {path}").format(path=path))
    return 0
