"""The parts of the page that show how well a network re-identifies: the figures, and ranked lists as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalho.report.markup import Html, el
from atalho.report.sections import section
from atalho.text import _
from atalho.text.numbers import interval, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.intervals import Ends
    from atalho.metrics.retrieval_figures import RetrievalFigures
    from atalho.tasks.reidentification.evaluation import RankedList, ReidentificationEvaluation


def quality(e: ReidentificationEvaluation) -> Html:
    """CMC, mAP and mINP with their intervals."""
    ways: dict[str, RetrievalFigures | None] = {
        _("value"): e,
        _("after re-ranking"): e.reranked,
        _("after query expansion"): e.expanded,
    }
    measured = {title: figures for title, figures in ways.items() if figures is not None}
    names = {f"rank{k}": _("rank-{k}").format(k=k) for k in (1, 5, 10, 20)} | {"map": "mAP", "minp": "mINP"}
    rows = [
        el("tr", el("td", label), [_cells(*figures.figure(name)) for figures in measured.values()])
        for name, label in names.items()
    ]
    protocols = {
        "cross-camera": _("Images of the query's identity from the query's own camera are excluded (cross-camera)."),
        "leave-self-out": _("Only the query itself is excluded (leave-self-out)."),
    }
    words = [
        protocols[e.protocol],
        _("Among equally similar images, the wrong ones come first."),
        _("The intervals come from resampling the {count} identities with replacement (bootstrap).").format(
            count=whole(e.identities)
        ),
    ]
    heads = (text for title in measured for text in (title, _("interval")))
    head = el("tr", el("th", ""), *(el("th", text, class_="number") for text in heads))
    table = el("table", el("thead", head), el("tbody", rows))
    return section(
        "retrieval",
        _("Re-identification"),
        el("p", " ".join(words), class_="lead"),
        el("div", table, class_="scroll figures"),
    )


def _cells(share: float | None, ends: Ends | None) -> list[Html]:
    return [el("td", text, class_="number") for text in (percent(share), interval(ends))]


def ranked_lists(e: ReidentificationEvaluation, places: Mapping[str, str]) -> Html | None:
    """Queries and their nearest images, right ones and wrong ones marked."""
    if not e.lists:
        return None
    words = _(
        "The query is on the left, followed by the nearest images. Blue with a tick: same identity; "
        "amber with a cross: a different one. Queries whose right answer comes latest are shown first, "
        "then others, evenly spaced."
    )
    lists = [_one_list(row, places) for row in e.lists]
    return section("lists", _("Ranked lists"), el("p", words, class_="lead"), el("ol", lists, class_="ranked"))


def _one_list(row: RankedList, places: Mapping[str, str]) -> Html:
    first = _("first right answer: rank {place}").format(place=whole(row.first))
    query = el(
        "div", _picture(row.path, places), el("p", row.identity, " ", el("span", first, class_="soft")),
        class_="query",
    )  # fmt: skip
    answers = [
        el(
            "li",
            _picture(answer.path, places),
            el("span", "✓" if answer.right else "✗", class_="mark"),
            class_="right" if answer.right else "wrong",
            title=f"{answer.identity} · {answer.path}",
        )
        for answer in row.answers
    ]
    return el("li", query, el("ol", answers))


def _picture(path: str, places: Mapping[str, str]) -> Html:
    place = places.get(path)
    if not place:
        return el("span", "?", class_="no-picture")
    return el("svg", el("use", href=f"#{place}"), viewBox="0 0 1 1", role="img", aria_label=path)
