"""`atalho runs`: the runs in a folder, or two of them beside each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.errors import ConfigError
from atalho.text import N_, _
from atalho.text.numbers import between, number

if TYPE_CHECKING:
    from atalho.api.runs import RunComparison, RunSummary


def runs(
    directory: Annotated[Path | None, Parameter(help=N_("folder with runs; default: this one"))] = None,
    /,
    *,
    compare: Annotated[
        tuple[Path, Path] | None,
        Parameter(help=N_("two runs: which settings differ, and whether the test images tell their accuracies apart")),
    ] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.list_runs` or `atalho.compare_runs`, print."""
    from atalho.api import runs as job

    if compare is not None:
        if directory is not None:
            raise ConfigError("--compare takes two runs, and no folder. Remove: {given}", given=directory)
        found = job.compare_runs(*compare)
        if json:
            terminal.print_json(found.to_dict())
        else:
            _say(found)
        return 0
    rows = job.list_runs(directory or Path())
    if json:
        terminal.print_json([row.to_dict() for row in rows])
    elif rows:
        print_runs(rows)
    else:
        text = _("No runs in {folder}. Train one: atalho train DATA")
        terminal.say(text.format(folder=directory or Path.cwd()))
    return 0


def print_runs(rows: "list[RunSummary]") -> None:
    """The table of runs, and below it why one is damaged."""
    head, *cells = [name for name, _value in rows[0].shown()], *([value for _n, value in row.shown()] for row in rows)
    terminal.print_table(head, cells, numbers=(3,))
    for row in rows:
        if row.reason is not None:
            terminal.say(row.reason)


def _say(found: "RunComparison") -> None:
    print_runs([found.first, found.second])
    terminal.say("")
    if found.settings:
        rows = ((name, str(one), str(other)) for name, (one, other) in found.settings.items())
        terminal.print_table((_("setting"), found.first.run, found.second.run), rows)
    else:
        terminal.say(_("No setting differs."))
    terminal.say("")
    terminal.say(_verdict(found))


def _verdict(found: "RunComparison") -> str:
    if not found.same_images:
        return _("The accuracies are of different images or tasks, so they are not compared.")
    if found.difference is None:
        return _("One of the runs has no accuracy yet, so they are not compared.")
    text = _("The test images do not tell the second run's accuracy from the first's: {difference} points.")
    if found.beyond_chance:
        text = _(
            "The second run's accuracy differs from the first's beyond the chance of the test images: "
            "{difference} points."
        )
    low, high = (number(100 * end, 1) for end in found.interval or ())
    said = text.format(difference=f"{number(100 * found.difference, 1)} {between(low, high)}")
    # One run of each cannot tell, whatever the number of test images.
    left_out = _(
        "The interval leaves out the chance of training: another seed with the same settings gives another accuracy. "
        "Train several seeds of each before you credit the settings."
    )
    return f"{said}\n{left_out}"
