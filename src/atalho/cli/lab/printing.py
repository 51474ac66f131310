"""How a command of the laboratory runs its experiment, and what it prints: first table, verdict, the page's place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from atalho.cli import options, terminal
from atalho.text import _

if TYPE_CHECKING:
    from atalho.lab.shared.result import Result


def measure_and_print(experiment: Callable[..., Result], *, budget: float | None, out: Path | None, json: bool) -> int:
    """Run an experiment, given all but what every one takes, and print its result; the command's exit code."""
    with terminal.TerminalProgress() as progress:
        result = experiment(budget_minutes=budget, out=out, command=options.command(), progress=progress)
    print_result(result, as_json=json)
    return 0


def print_result(result: Result, *, as_json: bool) -> None:
    """Print a result."""
    if as_json:
        terminal.print_json({"folder": str(result.path), **result.to_dict()})
        return
    table = result.table()
    terminal.print_table(table.head, table.rows, numbers=range(table.numbers_from, len(table.head)))
    terminal.say("")
    terminal.say(result.headline())
    for sentence in (*result.reasons(), *result.page.remarks(result)):
        terminal.say(f"  {sentence}")
    terminal.say(_("report: {path}").format(path=result.report))
