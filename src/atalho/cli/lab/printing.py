"""How a command of the laboratory runs its experiment, and what it prints: first table, verdict, the page's place."""

from collections.abc import Callable
from pathlib import Path

from atalho.cli import options, terminal
from atalho.lab.shared import page as files
from atalho.lab.shared import stored, words
from atalho.lab.shared.drawing import Drawing
from atalho.text import _


def measured(
    drawing: Drawing, experiment: Callable[..., Path], *, budget: float | None, out: Path | None, json: bool
) -> int:
    """Run an experiment, given all but what every one takes, and print its result; the command's exit code."""
    with terminal.TerminalProgress() as progress:
        folder = experiment(budget_minutes=budget, out=out, command=options.command(), progress=progress)
    print_result(folder, drawing, as_json=json)
    return 0


def print_result(folder: Path, drawing: Drawing, *, as_json: bool) -> None:
    """Print the result that `folder` holds."""
    result = stored.read(folder)
    if as_json:
        terminal.print_json({"folder": str(folder), **result})
        return
    table = next(iter(drawing.tables(result).values()))
    terminal.print_table(table.head, table.rows, numbers=range(table.numbers_from, len(table.head)))
    terminal.say("")
    terminal.say(words.headline(result))
    for sentence in words.sentences(result):
        terminal.say(f"  {sentence}")
    for remark in drawing.remarks(result):
        terminal.say(f"  {remark}")
    terminal.say(_("report: {path}").format(path=folder / files.PAGE))
