"""The page of a search: each image with what was found for it, as pictures, nearest first."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from atalho.gallery.store import Hit
from atalho.report import parts, shell
from atalho.report.markup import Html, el, join
from atalho.text import _
from atalho.text.numbers import number, nwhole, whole

MOST: Final = 200
"""Searched images that the page shows."""


class QueryAnswer(Protocol):
    """What was found for one image, best first; `unknown` where nothing is similar enough, `error` if unreadable."""

    @property
    def path(self) -> str: ...
    @property
    def hits(self) -> tuple[Hit, ...]: ...
    @property
    def unknown(self) -> bool | None: ...
    @property
    def error(self) -> str | None: ...


def page(gallery: str, answers: Sequence[QueryAnswer], count: int, pictures: Mapping[str, bytes]) -> str:
    """The whole page in both languages, of the first answers of `count`; `pictures` are PNGs by the images' names."""
    places = parts.places_of(pictures)
    title = f"{gallery.rpartition('/')[2]} · search · Atalho"
    return shell.page(title, lambda: _article(gallery, answers, count, places), library=parts.library(pictures, places))


def _article(gallery: str, answers: Sequence[QueryAnswer], count: int, places: Mapping[str, str]) -> Html:
    words = _(
        "The searched image is on the left, followed by the nearest images of the gallery with their cosine "
        "similarity, which is 1 for the same picture. A question mark stands for a file that is no longer there or "
        "has changed."
    )
    rows = [_row(answer, places) for answer in answers]
    more = _("… and {n} more (listed by --json)").format(n=whole(count - len(answers)))
    left = el("p", more, class_="soft") if count > len(answers) else None
    searched = nwhole("{n} searched image", "{n} searched images", count)
    ranked = el("ol", rows, class_="ranked")
    return join([
        parts.header(_("search"), gallery.rpartition("/")[2], searched),
        parts.section("answers", _("Nearest images"), parts.lead(words), ranked, left),
    ])  # fmt: skip


def _row(answer: QueryAnswer, places: Mapping[str, str]) -> Html:
    remark = answer.error or (_("unknown: nothing in the gallery is similar enough") if answer.unknown else None)
    query = el(
        "div",
        parts.picture(answer.path, places),
        el("p", answer.path, el("span", remark, class_="soft") if remark else None),
        class_="query",
    )
    hits = [
        el(
            "li",
            parts.picture(hit.entry.digest, places),
            el("span", number(hit.similarity, 3), class_="mark"),
            el("span", hit.entry.label or "", class_="soft"),
            title=hit.entry.path,
        )
        for hit in answer.hits
    ]
    return el("li", query, el("ol", hits))
