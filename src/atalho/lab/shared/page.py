"""How an experiment is shown, as a row of values: its claim, its figures, its tables.

A new experiment is a folder: `result.py` has the types of what it finds, `measure.py` its `run`, `page.py` its `PAGE`.
Its command is `cli/lab/NAME.py`, with a line in `cli/lab/__init__.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from matplotlib.figure import Figure

from atalho.report.markup import Html, el

R = TypeVar("R")


@dataclass(frozen=True)
class Table:
    """What was measured, in words of one language. The columns from `numbers_from` on hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    numbers_from: int = 1

    def html(self) -> Html:
        """As an element."""

        def cells(tag: str, texts: Sequence[str]) -> list[Html]:
            numbers = range(self.numbers_from, len(texts))
            return [el(tag, text, class_="number" if place in numbers else None) for place, text in enumerate(texts)]

        head = el("thead", el("tr", cells("th", self.head)))
        return el("table", head, el("tbody", [el("tr", cells("td", row)) for row in self.rows]))


Picture = Figure | Html
"""A figure of matplotlib, or SVG in the page's colours (`var(--ink)` and so on)."""


@dataclass(frozen=True)
class Page(Generic[R]):
    """An experiment's own parts of the page. The functions take its result, and speak the language in force."""

    title: str
    """What it is called on the page, marked with `N_`."""
    claim: str
    """The article's claim, marked with `N_`."""
    method: Callable[[R], str]
    """What was done and what was held equal, from the result's settings."""
    pictures: Callable[[R], Mapping[str, Picture]]
    """Title → picture; the first becomes figure.svg and figure.png. Called within `canvas.style()`."""
    tables: Callable[[R], Mapping[str, Table]]
    """Title → table; the first is also what the command prints."""
    remarks: Callable[[R], Sequence[str]] = lambda _result: ()
    """What a reader should know beside the verdict."""
