"""What the user sees: tables, messages, and progress, on a terminal or as plain lines where there is none."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atalho.text import N_, _, steers, visible
from atalho.training.progress import Progress
from atalho.training.terminal import TerminalProgress as TerminalProgress

_SPLITS = {"test": N_("test"), "val": N_("val")}
_FIRST_ROWS = 1000
_ENDLESS = 1 << 20
"""More columns than any row has."""
FORMULAS = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def complain(text: str) -> None:
    """An error, on standard error: paths must not be wrapped or read as markup."""
    print(visible(text, but="\n\t"), file=sys.stderr)


def say(text: str, computed_in: str | None = None) -> None:
    """A line of the result, and after it, where that is known, what a network computed it in."""
    print(visible(f"{text} · {computed_in}" if computed_in else text, but="\t"))


def split(name: str) -> str:
    """What a split that is measured on is called."""
    return _(_SPLITS[name])


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    text = json.dumps(value, ensure_ascii=False)
    # As escapes of JSON, which read back the same: what would steer the terminal, and the bytes of a file name that
    # are not UTF-8, which are lone surrogates in Python.
    text = "".join(f"\\u{ord(character):04x}" if steers(character) else character for character in text)
    print(text.encode(errors="backslashreplace").decode())


def print_csv(cells: Sequence[str]) -> None:
    """One row of CSV on standard output, which neither steers the terminal nor is run by a spreadsheet."""
    csv.writer(sys.stdout).writerow([_harmless(cell) for cell in cells])


def _harmless(cell: str) -> str:
    """A cell without control characters. A spreadsheet runs what begins like a formula: an apostrophe makes it text."""
    cell = visible(cell)
    return f"'{cell}" if cell.startswith(FORMULAS) and not _NUMBER.fullmatch(cell) else cell


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """A table; the columns whose places are in `numbers` stand to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(
            name, justify="right" if place in numbers else "left", overflow="fold", no_wrap=place in numbers
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))  # not read: a name may look like markup or an emoji
    # Where the output is a file or a pipe, a row stays one line.
    PipeConsole(width=None if sys.stdout.isatty() else _ENDLESS, highlight=False).print(table)


def print_long_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of any length, each row printed as it comes; the first ones decide how wide the columns are."""
    waiting = iter(rows)
    first = list(islice(waiting, _FIRST_ROWS))
    widths = [max(cell_len(visible(cell)) for cell in column) for column in zip(columns, *first, strict=True)]
    for row in chain([columns], first, waiting):
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(map(visible, row), widths, strict=True))
        print(" ".join(padded).rstrip())


def progress(*, shown: bool) -> AbstractContextManager[Progress]:
    """Progress on standard error, or none: of several processes that train together one tells it."""
    return TerminalProgress() if shown else nullcontext(Progress())


class PipeConsole(Console):
    """A console for standard output that leaves a closed pipe to the program, instead of ending it."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
