"""The files of an experiment that a person looks at, made from its result alone: the figure and report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from atalho.lab.shared import words
from atalho.lab.shared.drawing import Drawing, Picture, Table
from atalho.report import shell
from atalho.report.background import provenance_list
from atalho.report.canvas import png, standalone, style, svg
from atalho.report.markup import Html, el, join
from atalho.report.sections import section
from atalho.storage.atomic import write_file
from atalho.storage.run_folder import Json
from atalho.text import _, language

FIGURE: Final = "figure"
PAGE: Final = "report.html"


def write_shown(folder: Path, result: Json, drawing: Drawing) -> Path:
    """Write figure and page into `folder`, the figure in the language in force; the page's path."""
    write_figure(folder / FIGURE, result, drawing)
    path = folder / PAGE
    write_file(path, page(result, drawing).encode())
    return path


def write_figure(stem: Path, result: Json, drawing: Drawing) -> None:
    """Write the first picture as `stem`.svg and, where it is a figure of matplotlib, `stem`.png."""
    with style():
        picture = next(iter(drawing.pictures(result).values()))
    write_file(stem.with_name(f"{stem.name}.svg"), standalone(_inline(picture, stem.name)))
    if isinstance(picture, Figure):
        write_file(stem.with_name(f"{stem.name}.png"), png(picture))


def page(result: Json, drawing: Drawing) -> str:
    """The page in both languages."""
    title = f"{drawing.experiment} · {result['subject']} · Atalho"
    return shell.page(title, lambda: _article(result, drawing))


def _article(result: Json, drawing: Drawing) -> Html:
    with style():
        pictures = drawing.pictures(result)
    return join([
        _header(result, drawing),
        _verdict(result, drawing),
        [_figure(f"figure-{place}", title, picture) for place, (title, picture) in enumerate(pictures.items())],
        _measured(drawing.tables(result)),
        section("method", _("How it was measured"), el("p", drawing.method(result))),
        section("provenance", _("Provenance"), provenance_list(result["provenance"])),
    ])  # fmt: skip


def _header(result: Json, drawing: Drawing) -> Html:
    title = [
        el("p", "Atalho · ", _("laboratory"), class_="eyebrow"),
        el("h1", _(drawing.title)),
        el("p", _("measured on {data}").format(data=result["subject"]), class_="on"),
    ]
    return el("header", el("div", *title), el("p", el("strong", _("The claim: ")), _(drawing.claim)))


def _verdict(result: Json, drawing: Drawing) -> Html:
    reasons = [el("li", sentence) for sentence in words.sentences(result)]
    remarks = [el("p", remark, class_="soft") for remark in drawing.remarks(result)]
    return el(
        "div",
        el("p", el("strong", words.headline(result))),
        el("ul", reasons) if reasons else None,
        remarks,
        class_="verdict",
        data_outcome=result["verdict"]["outcome"],
    )


def _figure(name: str, title: str, picture: Picture) -> Html:
    drawn = el("div", _inline(picture, f"{name}-{language()}"), class_="drawing", role="img", aria_label=title)
    return section(name, title, el("figure", drawn))


def _inline(picture: Picture, name: str) -> Html:
    return svg(picture, name) if isinstance(picture, Figure) else picture


def _measured(tables: Mapping[str, Table]) -> list[Html]:
    return [
        section(f"table-{place}", title, _table(table), el("p", table.note, class_="soft") if table.note else None)
        for place, (title, table) in enumerate(tables.items())
    ]


def _table(table: Table) -> Html:
    def cells(tag: str, texts: list[str]) -> list[Html]:
        return [
            el(tag, text, class_="number" if place >= table.numbers_from else None) for place, text in enumerate(texts)
        ]

    head = el("thead", el("tr", cells("th", list(table.head))))
    body = el("tbody", [el("tr", cells("td", list(row))) for row in table.rows])
    return el("div", el("table", head, body), class_="scroll")
