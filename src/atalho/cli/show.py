"""`atalho show`: a network's stages, blocks and shapes."""

import dataclasses
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.locale import _


def show(
    model: Annotated[str, Parameter(help=_("network of the catalogue, run or model folder"))],
    /,
    *,
    size: Annotated[int | None, Parameter(help=_("side of the images in pixels; by the network if not given"))] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.inspection.summary.summarise`, print."""
    from atalho.inspection.summary import summarise, usual_side
    from atalho.networks import catalogue, spec
    from atalho.storage import model_folder

    largest = model_folder.LARGEST_SIDE
    if size is not None and not 1 <= size <= largest:
        raise options.refused("--size", size, _("from {low} to {high} pixels").format(low=1, high=largest))
    if Path(model).is_dir():
        card = model_folder.read_card(model_folder.find(Path(model)))
        found, side = spec.from_dict(card.spec), size or card.preprocessing.size
    else:
        found = catalogue.spec(model)
        side = size or usual_side(found)
    summary = summarise(found, (found.in_channels, side, side))
    totals = {"parameters": summary.parameters, "multiply_adds": summary.multiply_adds}
    if json:
        rows = [dataclasses.asdict(row) for row in summary.rows]
        terminal.print_json({"depth": summary.depth, "image_size": summary.image_size, **totals, "rows": rows})
        return 0
    columns = (_("piece"), _("kind"), _("shortcut"), _("output"), _("parameters"), _("multiply–adds"))
    cells = (
        (
            row.name,
            row.kind,
            row.shortcut,
            " × ".join(map(str, row.shape)),
            *map(terminal.number, (row.parameters, row.multiply_adds)),
        )
        for row in summary.rows
    )
    terminal.print_table(columns, cells, numbers=(4, 5))
    terminal.say(
        _("depth {depth} · {parameters} parameters · {multiply_adds} multiply–adds at {side} × {side}").format(
            depth=summary.depth,
            side=side,
            parameters=terminal.number(summary.parameters),
            multiply_adds=terminal.number(summary.multiply_adds),
        )
    )
    return 0
