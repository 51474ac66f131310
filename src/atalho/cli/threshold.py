"""`atalho threshold`: from which similarity on two images count as the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.text import N_, _
from atalho.text.numbers import number, whole, with_interval

if TYPE_CHECKING:
    from atalho.metrics.verification import Threshold


def threshold(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    data: Annotated[
        Path | None, Parameter(help=N_("images of other identities; default: the run's validation images"))
    ] = None,
    /,
    *,
    false_accept: Annotated[
        float | None,
        Parameter(help=N_("highest accepted rate of false accepts; default: the run's own (0.01)")),
    ] = None,
    precision: options.Numbers = "fp32",
    skip_bad: Annotated[bool, Parameter(help=N_("skip images that cannot be read"), negative="")] = False,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.threshold`, print."""
    from atalho.api import threshold as job

    with terminal.TerminalProgress() as progress:
        chosen = job.threshold(
            run, data, false_accept=false_accept, skip_bad=skip_bad, precision=precision, progress=progress
        )
    if json:
        names = {"similarity": "threshold", "genuine": "same_pairs", "impostor": "different_pairs"}
        values = {names.get(name, name): value for name, value in chosen.to_dict().items()}
        terminal.print_json({"run": str(run), **values})
        return 0
    say(chosen)
    return 0


def say(found: Threshold) -> None:
    """A threshold and its errors with their intervals, in lines."""
    terminal.say(_("threshold: similarity {value}").format(value=number(found.similarity, 3)), found.precision)
    accepts = _("false accepts {rate} of {count} pairs of different identities")
    rejects = _("false rejects {rate} of {count} pairs of the same identity")
    for text, rate, ends, count in (
        (accepts, found.far, found.far_interval, found.impostor),
        (rejects, found.frr, found.frr_interval, found.genuine),
    ):
        terminal.say(text.format(rate=with_interval(rate, ends, 2), count=whole(count)))
