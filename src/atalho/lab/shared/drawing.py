"""How one experiment is shown, as a row of values: its claim, its figures, its table.

A new experiment is a folder, in which `measure.py` has `run` and `page.py` a `Drawing` named DRAWING, and a command,
`cli/lab/NAME.py`, with a line in `cli/lab/__init__.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from atalho.report.markup import Html
from atalho.storage.run_folder import Json


@dataclass(frozen=True)
class Table:
    """What was measured, in words of one language. The columns from `numbers_from` on hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    numbers_from: int = 1


Picture = Figure | Html
"""A figure of matplotlib, or SVG in the page's colours (`var(--ink)` and so on)."""


@dataclass(frozen=True)
class Drawing:
    """An experiment's own parts of the page. The functions take a result and one language."""

    experiment: str
    """Its name in the command: `depth`."""
    title: str
    """What it is called on the page, marked with `N_`."""
    claim: str
    """The article's claim, marked with `N_`."""
    method: Callable[[Json], str]
    """What was done and what was held equal, from the result's settings."""
    pictures: Callable[[Json], Mapping[str, Picture]]
    """Title → picture; the first becomes figure.svg and figure.png. Called within `canvas.style()`."""
    tables: Callable[[Json], Mapping[str, Table]]
    """Title → table; the first is also what the command prints."""
    remarks: Callable[[Json], Sequence[str]] = lambda _result: ()
    """What a reader should know beside the verdict."""
