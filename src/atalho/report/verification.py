"""The threshold on the page: which it is, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from atalho.report.markup import Html, el, join
from atalho.report.parts import scrolled, section, table
from atalho.report.sections import drawn
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import verification_of
from atalho.text import _
from atalho.text.numbers import LEVEL, between, number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.intervals import Ends
    from atalho.metrics.verification import Threshold, Verification
    from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation


def threshold(
    run: RunFolder, evaluation: ReidentificationEvaluation | None, figures: Mapping[str, Html]
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
    text = el("div", [el("p", sentence) for sentence in words], _table(verification, test))
    drawing = drawn(figures["verification"], "")
    return section("threshold", _("Threshold"), el("div", drawing, text, class_="two"))


def _table(verification: Verification, test: Threshold | None) -> Html | None:
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
