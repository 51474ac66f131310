"""The page of an examination: what was found, with pictures, and what the images are."""

import base64
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from atalho.data.doctor.examination import Examination
from atalho.data.doctor.problem import KINDS, TITLES, Problem, Severity
from atalho.report import shell
from atalho.report.markup import Html, el, join
from atalho.report.sections import section
from atalho.text import _
from atalho.text.numbers import whole

_EACH: Final = 12  # problems of a kind that are shown with a picture
_LISTED: Final = 500  # and by name


def shown(examination: Examination) -> list[str]:
    """The names of the images of which the page shows a picture, each once."""
    names: dict[str, None] = {}
    for _kind, problems in _by_kind(examination.problems):
        for problem in problems[:_EACH]:
            names |= dict.fromkeys([*filter(None, [problem.path]), *problem.others[:1]])
    return list(names)


def page(examination: Examination, pictures: Mapping[str, bytes]) -> str:
    """The whole page in both languages; `pictures` are PNG bytes by the names of the images."""
    places = {name: f"picture-{place}" for place, name in enumerate(pictures)}
    images = [_image(png, places[name]) for name, png in pictures.items()]
    library = el("svg", el("defs", images), class_="library", aria_hidden="true") if images else None
    title = f"{examination.path.name} · doctor · Atalho"
    return shell.page(title, lambda: _article(examination, places), library=library)


def _image(png: bytes, place: str) -> Html:
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return el("image", id=place, href=address, width="1", height="1")


def _by_kind(problems: Sequence[Problem]) -> list[tuple[str, list[Problem]]]:
    return [(kind, list(group)) for kind, group in groupby(problems, key=lambda problem: problem.kind)]


def _article(examination: Examination, places: Mapping[str, str]) -> Html:
    severities = [
        _severity(severity, [problem for problem in examination.problems if problem.severity is severity], places)
        for severity in Severity
    ]
    return join([_header(examination), *severities, _classes(examination), _files(examination)])


def _header(examination: Examination) -> Html:
    counts = {severity: sum(problem.severity is severity for problem in examination.problems) for severity in Severity}
    keys = [(_("images"), examination.images), (_("classes"), len(examination.classes))]
    keys += [(_(TITLES[severity]), count) for severity, count in counts.items()]
    verdict = (
        _("Training would not start on these images as they are.")
        if examination.stops
        else _("No blocking problems found.")
    )
    title = el(
        "div",
        el("p", "Atalho · ", _("image check"), class_="eyebrow"),
        el("h1", examination.path.name or str(examination.path)),
        el("p", verdict, class_="on"),
    )
    pairs = [el("div", el("dt", what), el("dd", whole(count))) for what, count in keys]
    return el("header", title, el("dl", pairs, class_="keys"))


def _severity(severity: Severity, problems: Sequence[Problem], places: Mapping[str, str]) -> Html | None:
    if not problems:
        return None
    title = _(TITLES[severity])
    parts = [_kind(kind, group, places) for kind, group in _by_kind(problems)]
    return section(str(severity), title[0].upper() + title[1:], *parts)


def _kind(kind: str, problems: Sequence[Problem], places: Mapping[str, str]) -> Html:
    title = _(KINDS[kind].title)
    remedies = list(dict.fromkeys(str(problem.remedy) for problem in problems))
    # Where there is no picture, a table says the same in less space.
    seen = any(problem.path in places for problem in problems[:_EACH])
    pictured = problems[:_EACH] if seen else []
    rest = problems[len(pictured) :]
    return el(
        "div",
        el("h3", title[0].upper() + title[1:], " ", el("span", whole(len(problems)), class_="soft")),
        el("p", " ".join(remedies), class_="remedy"),
        el("ul", [_shown(problem, places) for problem in pictured], class_="mistakes found") if seen else None,
        _listed(rest, folded=seen) if rest else None,
        class_="kind",
    )


def _shown(problem: Problem, places: Mapping[str, str]) -> Html:
    pictured = [name for name in (problem.path, *problem.others[:1]) if name in places]
    pictures = [
        el("svg", el("use", href=f"#{places[name]}"), viewBox="0 0 1 1", role="img", aria_label=name)
        for name in pictured
        if name is not None
    ]
    none = el("span", "?", class_="no-picture")
    return el(
        "li",
        el("div", pictures, class_="pictures") if pictures else none,
        el("p", el("bdi", problem.path), class_="path", title=problem.path),
        el("p", str(problem.message)),
        class_="wide" if len(pictures) == 2 else None,
    )


def _listed(problems: Sequence[Problem], *, folded: bool) -> Html:
    rows = [
        el("tr", el("td", problem.path) if problem.path else None, el("td", str(problem.message)))
        for problem in problems[:_LISTED]
    ]
    table = el("div", el("table", el("tbody", rows)), class_="scroll tall")
    more = len(problems) - len(rows)
    left = el("p", _("… and {n} more (listed by --json)").format(n=whole(more)), class_="soft") if more else None
    if not folded:
        return join([table, left])
    return el("details", el("summary", _("{n} more").format(n=whole(len(problems)))), table, left)


def _classes(examination: Examination) -> Html | None:
    if not examination.classes:
        return None
    splits = list(next(iter(examination.classes.values())))
    heads = [el("th", _("class"), data_sort="text")]
    heads += [el("th", split, class_="number", data_sort="number") for split in splits]
    rows = [
        el("tr", el("td", name), [_cell(counts[split]) for split in splits])
        for name, counts in examination.classes.items()
    ]
    totals = [_cell(sum(counts[split] for counts in examination.classes.values())) for split in splits]
    foot = el("tfoot", el("tr", el("th", _("all")), totals))
    table = el("table", el("thead", el("tr", heads)), el("tbody", rows), foot, class_="sortable")
    notes = el("ul", [el("li", str(note)) for note in examination.notes], class_="notes") if examination.notes else None
    return section("classes", _("Classes"), notes, el("div", table, class_="scroll tall"))


def _files(examination: Examination) -> Html | None:
    if examination.widths is None or examination.heights is None:
        return None
    names = (_("smallest"), _("median"), _("largest"))
    head = el("tr", el("th", _("pixels")), [el("th", name, class_="number") for name in names])
    rows = [
        el("tr", el("td", what), [_cell(value) for value in values])
        for what, values in ((_("width"), examination.widths), (_("height"), examination.heights))
    ]
    facts = [(name, whole(count)) for name, count in examination.formats.items()]
    facts.append((_("greyscale"), whole(examination.grey)))
    pairs = [el("div", el("dt", what), el("dd", value)) for what, value in facts]
    table = el("table", el("thead", head), el("tbody", rows))
    return section("files", _("Sizes and formats"), el("div", table, class_="scroll"), el("dl", pairs, class_="pairs"))


def _cell(count: int) -> Html:
    return el("td", whole(count), class_="number", data_value=str(count))
