"""The files of an experiment that a person looks at, made from its result alone: the figure and report.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from atalho.lab.shared.painted import Painting
from atalho.lab.shared.result import Picture, Result, Table
from atalho.report import figure_data, shell
from atalho.report.background import provenance_list
from atalho.report.canvas import png, stacking, standalone, style, svg
from atalho.report.figure import Drawing, figure
from atalho.report.markup import Html, el, join
from atalho.report.parts import header, scrolled, section
from atalho.storage.atomic import write_file
from atalho.text import _, language

FIGURE: Final = "figure"


def write_shown(result: Result) -> None:
    """Write figure and page into the result's folder, the figure in the language in force."""
    write_figure(result.path / FIGURE, result)
    write_file(result.report, page(result).encode())


def write_figure(stem: Path, result: Result) -> None:
    """Write the first picture as `stem`.svg and, if it is matplotlib's, `stem`.png; an empty one if there is none."""
    with style():
        picture = next(iter(result.pictures().values()), Figure(figsize=(3, 1)))
    drawn = svg(picture, stem.name) if isinstance(picture, Figure) else Html(str(picture))
    write_file(stem.with_name(f"{stem.name}.svg"), standalone(drawn))
    if isinstance(picture, Figure):
        write_file(stem.with_name(f"{stem.name}.png"), png(picture))


def page(result: Result) -> str:
    """The page in both languages."""
    return shell.page(f"{result.experiment} · {result.subject} · Atalho", lambda: _article(result))


def _article(result: Result) -> Html:
    with style():
        pictures, captions = result.pictures(), result.captions()
    return join([
        header(
            _("laboratory"),
            _(result.TITLE),
            _("measured on {data}").format(data=result.subject),
            el("p", el("strong", _("Claim: ")), _(result.CLAIM)),
        ),
        result.verdict_html(),
        [
            _figure(f"figure-{place}", title, picture, captions[title])
            for place, (title, picture) in enumerate(pictures.items())
        ],
        _measured(result.tables()),
        section("method", _("Method"), el("p", result.method())),
        section("provenance", _("Provenance"), provenance_list(result.provenance)),
    ])  # fmt: skip


def _figure(name: str, title: str, picture: Picture, caption: str) -> Html:
    """A part of the page, whose heading is the title of its one figure."""
    match picture:
        case Figure():
            drawing = Drawing(name, stacking(picture, f"{name}-{language()}"), figure_data.of_figure(picture))
        case Painting():
            drawing = Drawing(name, picture.drawn, figure_data.of_networks(picture.networks, picture.scale.label))
        case _:
            drawing = Drawing(name, picture)
    return section(name, title, figure("", drawing, caption, csv="csv" if drawing.data is not None else ""))


def _measured(tables: Mapping[str, Table]) -> list[Html]:
    return [
        section(
            f"table-{place}",
            title,
            scrolled(table.html()),
            el("p", table.note, class_="soft") if table.note else None,
        )
        for place, (title, table) in enumerate(tables.items())
    ]
