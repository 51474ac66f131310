"""`atalho predict`: what images show."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from atalho.cli import options, terminal
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
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.api.predict`, print. Exit code 1 where an image could not be read.

    Rows of CSV are printed as they come; a table and JSON when all are known.
    """
    if json and format == "csv":
        raise ConfigError("--json and --format csv contradict each other: give one of them.")
    if top is not None and top < 1:
        raise options.refused("--top", top, _("at least 1"))
    named = options.named(images, predict)
    from atalho import model
    from atalho.api import predict as job

    with terminal.TerminalProgress() as progress:
        loaded = model.load(run, precision, progress)
    model.need_classes(loaded)
    paths = job.find(named)
    if format == "csv":
        top = min(top or 1, len(loaded.classes))
        found = job.predict(loaded, paths, top=top)
        # On a terminal the rows themselves show how far it is.
        return _csv(found if sys.stdout.isatty() else _watched(found, len(paths)), top)
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


def _csv(rows: Iterable[ImagePrediction], top: int) -> int:
    """Print each row when it is there. The exit code: 1 where one has an error."""
    code = 0
    more = [f"{name}_{place}" for place in range(2, top + 1) for name in ("label", "probability")]
    terminal.print_csv(["path", "label", "probability", *more, "error"])
    for row in rows:
        ranked = row.prediction.top if row.prediction else (("", None),) * top
        found = [cell for label, share in ranked for cell in (label, "" if share is None else f"{share:.6f}")]
        # A file that is called like a formula keeps a name that opens it.
        named = f"./{row.path}" if row.path.startswith(terminal.FORMULAS) else row.path
        terminal.print_csv([named, *found, row.error or ""])
        sys.stdout.flush()
        code = code or int(row.error is not None)
    return code


def _table(rows: Sequence[ImagePrediction]) -> None:
    cells = (
        (row.path, row.error or "", "", "")
        if row.prediction is None
        else (
            row.path,
            row.prediction.label,
            percent(row.prediction.probability),
            ", ".join(f"{label} {percent(share)}" for label, share in row.prediction.top[1:]),
        )
        for row in rows
    )
    terminal.print_table((_("image"), _("label"), _("probability"), _("next best")), cells, numbers=(2,))
