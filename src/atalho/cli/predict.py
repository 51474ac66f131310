"""`atalho predict`: what images show."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.locale import _

if TYPE_CHECKING:
    from atalho.jobs.predict import Row


def predict(
    run: Annotated[str, Parameter(help=_("run or model folder"))],
    /,
    *images: Annotated[
        str,
        # For the lone dash; other words that begin with one are refused below.
        Parameter(help=_("files, folders, patterns, or - for a list on standard input"), allow_leading_hyphen=True),
    ],
    top: Annotated[int, Parameter(help=_("classes shown per image"))] = 3,
    format: Annotated[Literal["table", "csv", "json"], Parameter(help=_("how the rows are printed"))] = "table",
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.jobs.predict`, print. Exit code 1 where an image could not be read."""
    options.refuse_unknown([image for image in images if image.startswith("-") and image != "-"], predict)
    if top < 1:
        raise options.refused("--top", top, _("1 or more"))
    listed = [line.rstrip("\n") for line in sys.stdin if line.strip()] if "-" in images else []
    named = [path for image in images for path in (listed if image == "-" else [image])]
    from atalho.jobs import predict as job
    from atalho.tasks import model

    loaded = model.load(run)
    rows = list(job.predict(loaded, job.find(named), top=top))
    if json or format == "json":
        terminal.print_json([_object(row) for row in rows])
    elif format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(["path", "label", "probability", "error"])
        for row in rows:
            best = row.prediction
            found = (best.label, f"{best.probability:.6f}") if best else ("", "")
            writer.writerow([row.path, *found, row.error or ""])
    else:
        _table(rows)
    return 1 if any(row.error for row in rows) else 0


def _object(row: Row) -> dict[str, Any]:
    if row.prediction is None:
        return {"path": row.path, "error": row.error}
    top = [{"label": label, "probability": probability} for label, probability in row.prediction.top]
    return {"path": row.path, "label": row.prediction.label, "probability": row.prediction.probability, "top": top}


def _table(rows: Sequence[Row]) -> None:
    cells = (
        (row.path, row.error or "", "", "")
        if row.prediction is None
        else (
            row.path,
            row.prediction.label,
            terminal.percent(row.prediction.probability),
            ", ".join(f"{label} {terminal.percent(share)}" for label, share in row.prediction.top[1:]),
        )
        for row in rows
    )
    terminal.print_table((_("image"), _("label"), _("probability"), _("then")), cells, numbers=(2,))
