"""`atalho doctor`: what will go wrong with these images."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from atalho.cli import options, terminal
from atalho.config import ProtocolChoice, TaskName
from atalho.text import N_, _, ngettext
from atalho.text.numbers import whole

if TYPE_CHECKING:
    from atalho.data.doctor.examination import Examination
    from atalho.data.doctor.problem import Problem

_SHOWN = 8
"""Problems of a kind that the table names; --json and the page name more."""


def doctor(
    data: Annotated[
        str, Parameter(help=N_("folder with one folder per class, CSV, Parquet, IDX files or CIFAR batches"))
    ],
    /,
    *,
    task: Annotated[
        TaskName | None,
        options.value("task", N_("classification, or reid: re-identification of individuals or objects")),
    ] = None,
    protocol: Annotated[ProtocolChoice | None, options.value("reid.protocol")] = None,
    report: Annotated[Path | None, Parameter(help=N_("write the findings with pictures to this HTML file"))] = None,
    json: options.JSON = False,
    images: options.section("data") = None,  # type: ignore[valid-type]
) -> int:
    """Parse, call `atalho.doctor`, print. Exit code 1 where training on these images would not start."""
    from atalho.api import doctor as job

    with terminal.TerminalProgress() as progress:
        settings = options.given({"task": task, "reid.protocol": protocol}, data=images)
        found = job.doctor(data, settings=settings, report=report, progress=progress)
    if json:
        terminal.print_json(found.to_json())
    else:
        _print(found)
        if report is not None:
            terminal.say(_("report: {path}").format(path=report))
    return 1 if found.stops else 0


def _print(found: "Examination") -> None:
    from atalho.data.doctor.problem import TITLES

    if found.images:
        terminal.say(_summary(found))
    for note in found.notes:
        terminal.say(str(note))
    for example in found.examples:
        terminal.say(str(example))
    for severity, problems in groupby(found.problems, key=lambda problem: problem.severity):
        group = list(problems)
        terminal.say("")
        terminal.say(f"{_(TITLES[severity]).upper()} ({whole(len(group))})")
        terminal.print_table((_("problem"), _("image"), _("finding and remedy")), _rows(group))
    terminal.say("")
    if found.stops and found.skippable:
        terminal.say(_("Training would not start. Fix the files above, or skip them with `train --skip-bad`."))
    elif found.stops:
        terminal.say(_("Training would not start. Fix the blocking problems above."))
    else:
        terminal.say(_("No blocking problems found."))


def _summary(found: "Examination") -> str:
    count = len(found.classes)
    classes = ngettext("{count} class", "{count} classes", count).format(count=whole(count))
    parts = [_("{images} images").format(images=whole(found.images)), classes]
    if found.widths and found.heights:
        size = _("median size {width} × {height} pixels")
        parts.append(size.format(width=found.widths[1], height=found.heights[1]))
    parts += [f"{name} {whole(number)}" for name, number in found.formats.items()]
    return " · ".join(parts)


def _rows(problems: "Sequence[Problem]") -> Iterator[tuple[str, str, str]]:
    from atalho.data.doctor.problem import KINDS

    for kind, group in groupby(problems, key=lambda problem: problem.kind):
        alike = list(group)
        shown = alike[:_SHOWN]
        for place, problem in enumerate(shown):
            yield (_(KINDS[kind].title) if place == 0 else "", problem.path or "–", str(problem.message))
        if len(alike) > len(shown):
            more = _("… and {count} more (--json or --report)").format(count=whole(len(alike) - len(shown)))
            yield ("", more, "")
        for remedy in dict.fromkeys(problem.remedy for problem in shown):
            yield ("", "", f"→ {remedy}")
