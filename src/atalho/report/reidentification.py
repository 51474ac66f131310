"""The parts of the page that show how well a network re-identifies: figures, ranked lists, the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalho.report.figure import Drawing, figure
from atalho.report.markup import Html, el, join
from atalho.report.parts import lead, picture, scrolled, section, table
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import verification_of
from atalho.text import _
from atalho.text.numbers import LEVEL, between, interval, number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.intervals import Ends
    from atalho.metrics.retrieval_figures import RetrievalFigures
    from atalho.metrics.verification import Threshold, Verification
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


def embeddings(e: ReidentificationEvaluation, drawings: Mapping[str, Drawing]) -> Html | None:
    """The embeddings in a plane, with what may be read from it; None for what an older version measured."""
    if e.picture is None:
        return None
    count = sum(len(one.points) for one in e.picture.marked) + len(e.picture.others)
    words = [
        _(
            "Each mark is one of {count} images, placed by the two of {dimension} dimensions in which their embeddings "
            "vary most (principal components). Own marks: the identities with most images; grey dots: others."
        ).format(count=whole(count), dimension=whole(e.picture.dimension)),
        _(
            "Groups that lie apart here are apart. Groups that overlap may still be separate in the dimensions that "
            "are not drawn: only the figures above, which use all of them, say how well identities are told apart."
        ),
    ]
    title = _("Embeddings in two of {count} dimensions").format(count=whole(e.picture.dimension))
    told = _("Marks of one kind should lie together, and apart from the others.")
    drawing = figure(title, drawings["embeddings"], told)
    text = el("div", [el("p", sentence) for sentence in words])
    return section("embeddings", _("Embeddings"), el("div", drawing, text, class_="two"))


def threshold(
    run: RunFolder, evaluation: ReidentificationEvaluation | None, drawings: Mapping[str, Drawing]
) -> Html | None:
    """The threshold, its errors where it was chosen and on the test images, and the curves."""
    verification = verification_of(run)
    if verification is None:
        return None
    words = [
        _(
            "Two images count as a match if their similarity reaches the threshold. A false accept matches "
            "two different identities; a false reject misses a pair of the same identity. The threshold is "
            "the lowest that accepts at most {share} of the pairs of different identities."
        ).format(share=_percent(verification.wanted_far)),
        _(
            "The bands are {level} intervals from resampling the identities with replacement (bootstrap). "
            "Rates below the lowest line of the figure are drawn on it."
        ).format(level=percent(LEVEL, 0)),
    ]
    if verification.threshold is None:
        words.append(_("No threshold.") + f" {verification.reason or ''}")
    test = evaluation.at_threshold if evaluation is not None else None
    text = el("div", [el("p", sentence) for sentence in words], _errors(verification, test))
    told = _(
        "Right of the threshold, the amber curve (strangers accepted) lies below the target; there the blue curve "
        "says how many pairs of one identity are missed."
    )
    drawing = figure("", drawings["verification"], told)
    return section("threshold", _("Threshold"), el("div", drawing, text, class_="two"))


def _errors(verification: Verification, test: Threshold | None) -> Html | None:
    chosen = verification.threshold
    if chosen is None:
        return None
    columns = {_("validation images") if verification.data is None else verification.data: chosen}
    if test is not None:
        columns[_("test images")] = test
    head = (_("similarity {value}").format(value=number(chosen.similarity, 3)), *columns)
    rows = [
        (_("false accepts"), *(_rate(at.far, at.far_interval, at.impostor) for at in columns.values())),
        (_("false rejects"), *(_rate(at.frr, at.frr_interval, at.genuine) for at in columns.values())),
    ]
    return scrolled(table(head, rows))


def _rate(rate: float, ends: Ends, pairs: int) -> Html:
    small = (between(*map(_percent, ends)), _("{count} pairs").format(count=whole(pairs)))
    return join([_percent(rate), *([el("br"), el("span", part, class_="soft")] for part in small)])


def _percent(share: float) -> str:
    """With the digits that small rates need."""
    return percent(share, 2 if share < 0.1 else 1)
