"""What pages are composed of: a header, sections, tables, facts in pairs, and pictures that the page holds once."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from atalho.report.figure import table_tools
from atalho.report.markup import Child, Html, el, join
from atalho.text import _, language
from atalho.text.numbers import whole

ROWS_UP_TO: Final = 1000
"""Rows of a table of classes: a browser lays out and sorts more of them too slowly, and nobody reads them."""
PRINTED_UP_TO: Final = 60
"""Rows of a table that are printed, as page.css has it: a thousand would be twenty sheets."""
ENLARGED_UP_TO: Final = 64  # pixels of width; smaller pictures are shown with their pixels, larger ones smooth


def header(kind: str, title: str, below: str | None, *beside: Child) -> Html:
    """The head of a page of some `kind`: its title with a line below, and the most important beside it."""
    words = [el("p", "Atalho · ", kind, class_="eyebrow"), el("h1", title)]
    return el("header", el("div", words, el("p", below, class_="on") if below else None), *beside)


def section(name: str, title: str, *content: Child) -> Html:
    """One part of the page, with a heading that links can reach."""
    return el("section", el("h2", title), *content, id=f"{name}-{language()}")


def lead(*sentences: str) -> Html:
    """What a section begins with: how to read what follows."""
    return el("p", " ".join(sentences), class_="lead")


def bullets(texts: Sequence[str], class_: str | None = "notes") -> Html | None:
    """A list of texts; nothing where there are none."""
    return el("ul", [el("li", text) for text in texts], class_=class_) if texts else None


def pairs(facts: Iterable[tuple[str, str]], class_: str = "pairs") -> Html:
    """What is known, each as (what, value)."""
    return el("dl", [el("div", el("dt", what), el("dd", value)) for what, value in facts], class_=class_)


def table(head: Sequence[str], rows: Iterable[Sequence[Child]], numbers_from: int = 1) -> Html:
    """A table whose columns from `numbers_from` on hold numbers."""

    def cells(tag: str, row: Sequence[Child]) -> list[Html]:
        return [el(tag, cell, class_="number" if place >= numbers_from else None) for place, cell in enumerate(row)]

    body = el("tbody", [el("tr", cells("td", row)) for row in rows])
    return el("table", el("thead", el("tr", cells("th", head))), body)


def class_counts(first: str, classes: Sequence[str], counts: Mapping[str, Sequence[int]], notes: Sequence[str]) -> Html:
    """How many images of each class every split has, by its title, with their sums; a click on a heading sorts."""
    heads = [el("th", first, data_sort="text"), *(sortable_head(title) for title in counts)]
    images = [sum(split[place] for split in counts.values()) for place in range(len(classes))]
    places = sorted(sorted(range(len(classes)), key=images.__getitem__)[:ROWS_UP_TO])
    rows = [
        el(
            "tr",
            el("td", classes[place]),
            [number_cell(whole(split[place]), split[place]) for split in counts.values()],
        )
        for place in places
    ]
    if len(places) < len(classes):
        some = _("The table shows the {count} with the fewest images of {all}.")
        notes = [*notes, some.format(count=whole(len(places)), all=whole(len(classes)))]
    totals = [number_cell(whole(sum(split)), sum(split)) for split in counts.values()]
    foot = el("tfoot", el("tr", el("th", _("all")), totals))
    body = el("table", el("thead", el("tr", heads)), el("tbody", rows), foot, class_="sortable")
    return join([bullets(notes), printed_part(len(places)), table_tools(len(places), "counts"), scrolled(body, "tall")])


def scrolled(content: Child, how: str = "") -> Html:
    """What may be wider than the page."""
    return el("div", content, class_=f"scroll {how}".rstrip(), tabindex="0")


def sortable_head(title: str, *, ascending: bool = False) -> Html:
    """The heading of a column of numbers that a click sorts by; whether the rows begin with the least."""
    return el("th", title, class_="number", data_sort="number", aria_sort="ascending" if ascending else None)


def printed_part(rows: int) -> Html | None:
    """On paper, how many of the rows of a long table stand there; the style leaves out the rest."""
    if rows <= PRINTED_UP_TO:
        return None
    text = _("The first {count} of {all} rows are printed.")
    return el("p", text.format(count=whole(PRINTED_UP_TO), all=whole(rows)), class_="lead paper-only")


def number_cell(text: str, value: float | None) -> Html:
    """A number in such a column, and what it is sorted by."""
    return el("td", text, class_="number", data_value=None if value is None else repr(value))


def places_of(names: Iterable[str]) -> dict[str, str]:
    """Where the page has the pictures of these images: an id for each name."""
    return {name: f"picture-{place}" for place, name in enumerate(names)}


def library(pictures: Mapping[str, bytes], places: Mapping[str, str]) -> Html | None:
    """Every picture of `places` once, as PNG; both languages use it from here."""
    images = [_stored(pictures[name], place) for name, place in places.items()]
    return el("svg", el("defs", images), class_="library", aria_hidden="true") if images else None


def picture(path: str, places: Mapping[str, str]) -> Html:
    """The picture of the image at `path`; a mark where the page has none."""
    if path not in places:
        return el("span", "?", class_="no-picture")
    return el("svg", el("use", href=f"#{places[path]}"), viewBox="0 0 1 1", role="img", aria_label=path)


def _stored(png: bytes, place: str) -> Html:
    width = int.from_bytes(png[16:20], "big")  # where the header of every PNG has it
    rendering = "pixelated" if width <= ENLARGED_UP_TO else None
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return el("image", id=place, href=address, width="1", height="1", image_rendering=rendering)
