"""`atalho sample`: a small set of real images to try things on."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _


def sample(
    name: Annotated[
        str,
        Parameter(
            help=N_(
                "fashion (clothes, 10 classes), omniglot (handwritten characters) or trash (photographs, 6 classes)"
            )
        ),
    ],
    directory: Annotated[Path, Parameter(help=N_("folder to create and unpack into"))],
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.data.samples.unpack`, print."""
    from atalho.data import samples

    path = samples.unpack(name, directory)
    if json:
        terminal.print_json({"path": str(path)})
    else:
        terminal.say(_("{name} unpacked into {path}").format(name=name, path=path))
    return 0
