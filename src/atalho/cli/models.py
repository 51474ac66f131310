"""`atalho models`: the catalogue."""

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _
from atalho.text.numbers import whole


def models(
    pattern: Annotated[str, Parameter(help=N_("glob, such as 'resnet*'"))] = "*",
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.inspection.summary.describe_catalogue`, print."""
    from atalho.inspection.summary import describe_catalogue

    networks = describe_catalogue(pattern)
    if json:
        terminal.print_json([asdict(network) for network in networks])
        return 0
    columns = (_("name"), _("depth"), _("parameters"), _("multiply–adds"), _("at size"), _("smallest image"))
    rows = (
        (
            network.name,
            str(network.depth),
            whole(network.parameters),
            f"{whole(network.multiply_adds / 1e6)} M",
            f"{network.counted_at} px",
            f"{network.smallest} px",
        )
        for network in networks
    )
    terminal.print_table(columns, rows, numbers=(1, 2, 3, 4, 5))
    return 0
