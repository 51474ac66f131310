"""The threshold on the page: which it is, and how often it is wrong."""

from collections.abc import Mapping

from atalho.report.markup import Html, el
from atalho.report.sections import drawn, section
from atalho.storage.run_folder import Json, RunFolder
from atalho.text import _, told
from atalho.text.numbers import LEVEL, between, number, percent, whole


def threshold(run: RunFolder, figures: Mapping[str, Html]) -> Html | None:
    """The threshold, its errors where it was chosen and on the test images, and the curves."""
    verification = run.verification
    if verification is None:
        return None
    words = [
        _(
            "Two images count as the same identity where their similarity reaches the threshold. A false accept takes "
            "two identities for one, a false reject one for two. The threshold is the lowest at which at most {share} "
            "of the pairs of two identities are accepted."
        ).format(share=_percent(verification["wanted_far"])),
        _(
            "The bands hold {level}: the identities were drawn again, with replacement. What is rarer than the lowest "
            "line of the figure is drawn on it."
        ).format(level=percent(LEVEL, 0)),
    ]
    if verification["threshold"] is None:
        words.append(_("There is no threshold.") + " " + told(verification["reason"]))
    text = el("div", [el("p", sentence) for sentence in words], _table(run))
    drawing = drawn(figures["verification"], "")
    return section("threshold", _("Threshold"), el("div", drawing, text, class_="two"))


def _table(run: RunFolder) -> Html | None:
    verification, test = run.verification or {}, (run.evaluation or {}).get("at_threshold")
    if verification["threshold"] is None:
        return None
    where = _("validation images") if verification["data"] is None else verification["data"]
    columns = [(where, verification["threshold"])]
    if test is not None:
        columns.append((_("test images"), test))
    head = [el("th", _("similarity {value}").format(value=number(verification["threshold"]["similarity"], 3)))]
    head += [el("th", name, class_="number") for name, _values in columns]
    rows = [
        el("tr", el("td", label), *(el("td", *_cell(values, key, pairs), class_="number") for _n, values in columns))
        for label, key, pairs in (
            (_("false accepts"), "far", "impostor"),
            (_("false rejects"), "frr", "genuine"),
        )
    ]
    return el("div", el("table", el("thead", el("tr", *head)), el("tbody", rows)), class_="scroll")


def _cell(values: Json, key: str, pairs: str) -> list[str | Html]:
    low, high = (_percent(end) for end in values[f"{key}_interval"])
    of = _("{count} pairs").format(count=whole(values[pairs]))
    small = [el("span", part, class_="soft") for part in (between(low, high), of)]
    return [_percent(values[key]), el("br"), small[0], el("br"), small[1]]


def _percent(share: float) -> str:
    """With the digits that small rates need."""
    return percent(share, 2 if share < 0.1 else 1)
