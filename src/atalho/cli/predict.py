"""`atalho predict`: what images show."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.cli.columns import Columns, asked_for
from atalho.errors import ConfigError
from atalho.text import N_, _
from atalho.text.numbers import percent

if TYPE_CHECKING:
    from atalho.api.predict import ImagePrediction


def predict(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    /,
    *images: options.Images,
    top: Annotated[options.Whole | None, Parameter(help=N_("classes shown per image; default: 3, or 1 in CSV"))] = None,
    precision: options.Numbers = "fp32",
    format: Annotated[Literal["table", "csv", "json"], Parameter(help=N_("output format"))] = "table",
    columns: Annotated[
        str | None,
        Parameter(
            help=N_(
                "columns of the CSV, such as id,label or image_id=id,label: id (file name without suffix), file, path, "
                "label, probability, label_2, error"
            )
        ),
    ] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.predict`, print. Exit code 1 where an image could not be read.

    Rows of CSV are printed as they come; a table and JSON when all are known.
    """
    if json and format == "csv":
        raise ConfigError("--json and --format csv contradict each other: give one of them.")
    if columns is not None and (json or format == "json"):
        raise ConfigError("--columns is for CSV, and JSON is asked for: give one of them.")
    if top is not None and top < 1:
        raise options.refused("--top", top, _("at least 1"))
    most = max(top or 1, asked_for(columns))
    Columns(columns, most)  # a wrong name is told before the model is read
    named = options.named(images, predict)
    from atalho import model
    from atalho.api import predict as job

    with terminal.TerminalProgress() as progress:
        loaded = model.load(run, precision, progress)
    model.need_classes(loaded)
    paths = job.find(named)
    if format == "csv" or columns is not None:
        top = min(most, len(loaded.classes))
        chosen = Columns(columns, top)
        chosen.refuse_same_ids(paths)
        found = job.predict(loaded, paths, top=top)
        # On a terminal the rows themselves show how far it is.
        return _csv(found if sys.stdout.isatty() else _watched(found, len(paths)), chosen)
    rows = list(_watched(job.predict(loaded, paths, top=top or 3), len(paths)))
    if json or format == "json":
        terminal.print_json([row.to_dict() for row in rows])
    else:
        _table(rows)
    return 1 if any(row.error for row in rows) else 0


def _watched(rows: Iterable[ImagePrediction], total: int) -> Iterator[ImagePrediction]:
    """The rows as they come, with progress."""
    with terminal.TerminalProgress() as progress:
        for done, row in enumerate(rows, start=1):
            yield row
            progress.work(_("predicting"), done, total)


def _csv(rows: Iterable[ImagePrediction], columns: Columns) -> int:
    """Print each row when it is there. The exit code: 1 where one has an error, which is told beside the rows too."""
    code = 0
    terminal.print_csv(columns.headings)
    for row in rows:
        terminal.print_csv(columns.cells(row))
        sys.stdout.flush()
        if row.error is not None and not columns.tells_errors:
            terminal.complain(row.error)
        code = code or int(row.error is not None)
    return code


def _table(rows: Sequence[ImagePrediction]) -> None:
    heads = [_("image"), _("label"), _("probability"), _("next best")]
    failed = any(row.error for row in rows)
    terminal.print_table([*heads, _("error")] if failed else heads, (_cells(row, failed) for row in rows), numbers=(2,))


def _cells(row: ImagePrediction, failed: bool) -> list[str]:
    """The row of one image; where some have `failed`, the last cell says why this one did."""
    found = row.prediction
    cells = [row.path, "–", "–", ""]
    if found is not None:
        others = ", ".join(f"{label} {percent(share)}" for label, share in found.top[1:])
        cells = [row.path, found.label, percent(found.probability), others]
    return [*cells, row.error or ""] if failed else cells
