"""`atalho show`: a network's stages, blocks and shapes, as a table and as a drawing."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _
from atalho.text.numbers import whole

if TYPE_CHECKING:
    from atalho.inspection.summary import Summary


def show(
    model: Annotated[
        str,
        Parameter(
            help=N_(
                "network of the catalogue, run, model folder or name of pretrained weights, or TOML file with a spec"
            )
        ),
    ],
    /,
    *,
    size: Annotated[
        options.Whole | None, Parameter(help=N_("side of the images in pixels; default: chosen from the network"))
    ] = None,
    svg: Annotated[Path | None, Parameter(help=N_("write a drawing of the architecture to this file"))] = None,
    beside: Annotated[
        list[str] | None,
        Parameter(help=N_("in the drawing: a second network to show alongside, such as the plain twin")),
    ] = None,
    unfold: Annotated[
        bool, Parameter(help=N_("in the drawing: show every block, however many there are"), negative="")
    ] = False,
    columns: Annotated[
        options.Whole, Parameter(help=N_("in the drawing: number of columns, broken between stages"))
    ] = 1,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.inspection.summary.summarise` and `atalho.draw`, print."""
    from atalho.api.draw import draw
    from atalho.inspection.summary import summarise
    from atalho.limits import LARGEST_SIDE
    from atalho.runs.network_source import resolve
    from atalho.storage.output import write_output

    if size is not None and not 1 <= size <= LARGEST_SIDE:
        raise options.refused("--size", size, _("from {low} to {high} pixels").format(low=1, high=LARGEST_SIDE))
    if svg is None:
        options.refuse_without("--svg", {"--beside": beside, "--unfold": unfold or None, "--columns": columns != 1})
    found = resolve(model)
    if found.note is not None:
        terminal.complain(str(found.note))
    side = size or found.side
    summary = summarise(found.spec, (found.spec.in_channels, side, side))
    if svg is not None:
        drawing = draw(model, beside=beside or (), size=size, unfold=unfold, columns=columns)
        write_output(svg, drawing.encode(), "SVG")
    _print(summary, svg, as_json=json)
    return 0


def _print(summary: "Summary", svg: Path | None, *, as_json: bool) -> None:
    totals = {"parameters": summary.parameters, "multiply_adds": summary.multiply_adds}
    if as_json:
        rows = [dataclasses.asdict(row) for row in summary.rows]
        told: dict[str, Any] = {"depth": summary.depth, "image_size": summary.image_size, **totals, "rows": rows}
        terminal.print_json(told | ({"svg": str(svg)} if svg else {}))
        return
    columns = (_("part"), _("kind"), _("shortcut"), _("output"), _("parameters"), _("multiply–adds"))
    cells = (
        (
            row.name,
            row.kind,
            row.shortcut,
            " × ".join(map(str, row.shape)),
            *map(whole, (row.parameters, row.multiply_adds)),
        )
        for row in summary.rows
    )
    terminal.print_table(columns, cells, numbers=(4, 5))
    terminal.say(
        _("depth {depth} · {parameters} parameters · {multiply_adds} multiply–adds at {side} × {side}").format(
            depth=summary.depth,
            side=summary.image_size[1],
            parameters=whole(summary.parameters),
            multiply_adds=whole(summary.multiply_adds),
        )
    )
    if svg:
        terminal.say(_("drawing: {path}").format(path=svg))
