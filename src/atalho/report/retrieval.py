"""The parts of the page that show how well a network re-identifies: the figures, and ranked lists as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalho.report.markup import Html, el
from atalho.report.parts import lead, picture, scrolled, section, table
from atalho.text import _
from atalho.text.numbers import interval, percent, whole

if TYPE_CHECKING:
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
    head = ["", *(text for title in measured for text in (title, _("interval")))]
    rows = [[label] for label in names.values()]
    for row, name in zip(rows, names, strict=True):
        for figures in measured.values():
            share, ends = figures.figure(name)
            row += [percent(share), interval(ends)]
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
    return section("retrieval", _("Re-identification"), lead(*words), scrolled(table(head, rows), "figures"))


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
    return section("lists", _("Ranked lists"), lead(words), el("ol", lists, class_="ranked"))


def _one_list(row: RankedList, places: Mapping[str, str]) -> Html:
    first = _("first right answer: rank {place}").format(place=whole(row.first))
    query = el(
        "div", picture(row.path, places), el("p", row.identity, " ", el("span", first, class_="soft")),
        class_="query",
    )  # fmt: skip
    answers = [
        el(
            "li",
            picture(answer.path, places),
            el("span", "✓" if answer.right else "✗", class_="mark"),
            class_="right" if answer.right else "wrong",
            title=f"{answer.identity} · {answer.path}",
        )
        for answer in row.answers
    ]
    return el("li", query, el("ol", answers))
