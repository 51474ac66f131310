"""A figure of a page: its title, what to see in it, and buttons that save its numbers and its picture."""

from dataclasses import dataclass
from typing import Final

from atalho.report.markup import Html, el
from atalho.text import _

FILTERED_FROM: Final = 12
"""Rows of a table from which a box that filters them is worth its place."""


@dataclass(frozen=True)
class Drawing:
    """What a figure shows."""

    name: str
    """Of the files that its buttons save."""
    picture: Html
    data: str | None = None
    """Its numbers as CSV; None where the page holds them elsewhere."""


def figure(title: str, drawing: Drawing, caption: str, *, csv: str = "csv", kind: str = "") -> Html:
    """A drawing with its title, what to see in it, and buttons that save its numbers and its picture.

    The page itself makes these files, so a page whose script does not run shows no button. `csv` says what the script
    makes the numbers from, where they do not stand in the drawing; empty where there are none.
    """
    saved = {csv: _("data (CSV)"), "svg": _("picture (SVG)")}
    return el(
        "figure",
        el("p", title, class_="title") if title else None,
        el("div", drawing.picture, class_="drawing", role="img", aria_label=title or caption, tabindex="0"),
        el("figcaption", caption),
        el("p", [_button(words, what, drawing.name) for what, words in saved.items() if what],
           class_="tools", hidden=True),
        el("template", drawing.data) if drawing.data is not None else None,
        class_=kind or None,
    )  # fmt: skip


def table_tools(rows: int, name: str | None = None) -> Html:
    """What stands above a table of so many `rows`: a box that filters them and, given a `name`, a button that saves.

    What is saved is what the cells are sorted by.
    """
    words = _("filter by name")
    box = el("input", type="search", data_filter=True, placeholder=words, aria_label=words)
    button = _button(_("data (CSV)"), "table", name) if name else None
    return el("p", box if rows >= FILTERED_FROM else None, button, class_="tools", hidden=True)


def _button(words: str, kind: str, name: str) -> Html:
    return el("button", words, type="button", data_save=kind, data_name=name)
