"""The parts of the page that show how well a network re-identifies: the figures, and ranked lists as pictures."""

from collections.abc import Mapping

from atalho.report.markup import Html, el
from atalho.report.sections import section
from atalho.storage.run_folder import Json, RunFolder
from atalho.text import _
from atalho.text.numbers import interval, percent, whole


def quality(run: RunFolder) -> Html:
    """CMC, mAP and mINP with their intervals."""
    e = run.evaluation or {}
    ways = {"reranked": _("after re-ranking"), "expanded": _("after query expansion")}
    ways = {way: title for way, title in ways.items() if way in e}
    names = {f"rank{k}": _("rank-{k}").format(k=k) for k in (1, 5, 10, 20)} | {"map": "mAP", "minp": "mINP"}
    rows = [
        el(
            "tr",
            el("td", label),
            *_cells(e, name),
            *(cell for way in ways for cell in _cells(e[way], name)),
        )
        for name, label in names.items()
    ]
    protocols = {
        "cross-camera": _("Images of the query's identity by the query's own camera are left out (cross-camera)."),
        "leave-self-out": _("Only the query itself is left out (leave-self-out)."),
    }
    words = [
        protocols[e["protocol"]],
        _("Of images that are equally near, the wrong ones come first."),
        _("The intervals draw the {count} identities again, with replacement.").format(count=whole(e["identities"])),
    ]
    titles = [_("value"), *ways.values()]
    head = el("tr", el("th", ""), *(el("th", text, class_="number") for t in titles for text in (t, _("interval"))))
    table = el("table", el("thead", head), el("tbody", rows))
    return section(
        "retrieval",
        _("Re-identification"),
        el("p", " ".join(words), class_="lead"),
        el("div", table, class_="scroll figures"),
    )


def _cells(values: Json, name: str) -> list[Html]:
    texts = (percent(values[name]), interval(values[f"{name}_interval"]))
    return [el("td", text, class_="number") for text in texts]


def ranked_lists(run: RunFolder, places: Mapping[str, str]) -> Html | None:
    """Queries and their nearest images, right ones and wrong ones marked."""
    rows = (run.evaluation or {}).get("lists", [])
    if not rows:
        return None
    words = _(
        "Left the query, then the nearest images. Blue with a tick is the same identity, amber with a cross is "
        "another. First the queries whose right answer stands last, then others, evenly chosen."
    )
    lists = [_one_list(row, places) for row in rows]
    return section("lists", _("Ranked lists"), el("p", words, class_="lead"), el("ol", lists, class_="ranked"))


def _one_list(row: Json, places: Mapping[str, str]) -> Html:
    first = _("first right answer: place {place}").format(place=whole(row["first"]))
    query = el(
        "div", _picture(row["path"], places), el("p", row["identity"], " ", el("span", first, class_="soft")),
        class_="query",
    )  # fmt: skip
    answers = [
        el(
            "li",
            _picture(answer["path"], places),
            el("span", "✓" if answer["right"] else "✗", class_="mark"),
            class_="right" if answer["right"] else "wrong",
            title=f"{answer['identity']} · {answer['path']}",
        )
        for answer in row["answers"]
    ]
    return el("li", query, el("ol", answers))


def _picture(path: str, places: Mapping[str, str]) -> Html:
    place = places.get(path)
    if not place:
        return el("span", "?", class_="no-picture")
    return el("svg", el("use", href=f"#{place}"), viewBox="0 0 1 1", role="img", aria_label=path)
