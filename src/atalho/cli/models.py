"""`atalho models`: the catalogue."""

from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import _
from atalho.text.numbers import whole


def models(
    pattern: Annotated[str, Parameter(help=_("shell pattern, such as 'resnet*'"))] = "*",
    /,
    *,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.inspection.summary.describe_catalogue`, print."""
    from atalho.inspection import summary

    found = summary.describe_catalogue(pattern)
    if json:
        terminal.print_json(found)
        return 0
    columns = (_("name"), _("depth"), _("parameters"), _("multiply–adds"), _("at"), _("smallest image"))
    rows = (
        (
            row["name"],
            str(row["depth"]),
            whole(row["parameters"]),
            f"{whole(row['multiply_adds'] / 1e6)} M",
            f"{row['counted_at']} px",
            f"{row['smallest']} px",
        )
        for row in found
    )
    terminal.print_table(columns, rows, numbers=(1, 2, 3, 4, 5))
    return 0
