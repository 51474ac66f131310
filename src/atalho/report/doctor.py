"""The page of an examination: what was found, with pictures, and what the images are."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from atalho.data.doctor.examination import Examination
from atalho.data.doctor.problem import KINDS, TITLES, Problem, Severity
from atalho.report import parts, shell
from atalho.report.markup import Html, el, join
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
    places = parts.places_of(pictures)
    title = f"{examination.path.name} · doctor · Atalho"
    return shell.page(title, lambda: _article(examination, places), library=parts.library(pictures, places))


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
    keys = {_("images"): examination.images, _("classes"): len(examination.classes)}
    keys |= {_(TITLES[severity]): count for severity, count in counts.items()}
    verdict = (
        _("Training would not start on these images as they are.")
        if examination.stops
        else _("No blocking problems found.")
    )
    title = examination.path.name or str(examination.path)
    facts = parts.pairs([(what, whole(count)) for what, count in keys.items()], "keys")
    return parts.header(_("image check"), title, verdict, facts)


def _severity(severity: Severity, problems: Sequence[Problem], places: Mapping[str, str]) -> Html | None:
    if not problems:
        return None
    title = _(TITLES[severity])
    kinds = [_kind(kind, group, places) for kind, group in _by_kind(problems)]
    return parts.section(str(severity), title[0].upper() + title[1:], *kinds)


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
    names = [problem.path or "", *problem.others[:1]]
    pictures = [parts.picture(name, places) for name in names if name in places]
    return el(
        "li",
        el("div", pictures, class_="pictures") if pictures else parts.picture(names[0], places),
        el("p", el("bdi", problem.path), class_="path", title=problem.path),
        el("p", str(problem.message)),
        class_="wide" if len(pictures) == 2 else None,
    )


def _listed(problems: Sequence[Problem], *, folded: bool) -> Html:
    rows = [
        el("tr", el("td", problem.path) if problem.path else None, el("td", str(problem.message)))
        for problem in problems[:_LISTED]
    ]
    shown = parts.scrolled(el("table", el("tbody", rows)), "tall")
    more = len(problems) - len(rows)
    left = el("p", _("… and {n} more (listed by --json)").format(n=whole(more)), class_="soft") if more else None
    if not folded:
        return join([shown, left])
    return el("details", el("summary", _("{n} more").format(n=whole(len(problems)))), shown, left)


def _classes(examination: Examination) -> Html | None:
    if not examination.classes:
        return None
    splits = next(iter(examination.classes.values()))
    counts = {split: [of_class[split] for of_class in examination.classes.values()] for split in splits}
    notes = list(map(str, examination.notes))
    return parts.section(
        "classes", _("Classes"), parts.class_counts(_("class"), list(examination.classes), counts, notes)
    )


def _files(examination: Examination) -> Html | None:
    if examination.widths is None or examination.heights is None:
        return None
    head = (_("pixels"), _("smallest"), _("median"), _("largest"))
    sides = {_("width"): examination.widths, _("height"): examination.heights}
    rows = [(what, *map(whole, values)) for what, values in sides.items()]
    facts = [(name, whole(count)) for name, count in examination.formats.items()]
    facts.append((_("greyscale"), whole(examination.grey)))
    return parts.section("files", _("Sizes and formats"), parts.scrolled(parts.table(head, rows)), parts.pairs(facts))
