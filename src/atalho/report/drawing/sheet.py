"""The architecture of networks as SVG, as the article draws ResNet-34: `draw` one, `draw_beside` several.

No torch: a drawing comes from plans. Text is real text; light and dark follow the reader, and paper is light.
"""

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from atalho.networks.plan import Plan
from atalho.report.drawing.column import Drawn, Subject, draw_column, width_of, written
from atalho.report.drawing.legend import draw_legend
from atalho.report.drawing.pen import CENTRE
from atalho.report.drawing.scale import Scale
from atalho.report.drawing.svg import moved, path, shape, words
from atalho.report.markup import Html
from atalho.text import _, language_tag
from atalho.text.numbers import whole

_HEADER: Final = 66.0
_BETWEEN: Final = 12.0
"""Between two segments."""
_IMAGE: Final = 20.0
"""For the words "image" above the first line."""


def draw(
    plan: Plan,
    *,
    name: str,
    side: int | None = None,
    values: Mapping[str, float] | None = None,
    legend: Scale | None = None,
    note: str | None = None,
    unfold: bool = False,
    columns: int = 1,
) -> Html:
    """The drawing of one network, as a complete SVG document, which may also stand in a page.

    `values` are numbers by block name ("stages.0.2", for a dense layer also "stages.0.0.layers.3"), painted on the
    blocks by the scale `legend`, by default from the least to the greatest. `columns` breaks the drawing between
    stages.
    """
    subject = Subject(plan, name, side, values, note)
    return draw_beside([subject], legend=legend, unfold=unfold, columns=columns)


def draw_beside(
    subjects: Sequence[Subject],
    *,
    legend: Scale | None = None,
    unfold: bool = False,
    columns: int = 1,
) -> Html:
    """Several networks beside each other, each stage on one line: blocks of the same kind stand row by row.

    `columns` is for a single network; see `draw`.
    """
    everything = {name: value for subject in subjects for name, value in (subject.values or {}).items()}
    scale = legend or (Scale.over(everything, _("value")) if everything else None)
    drawn = [draw_column(subject, scale, unfold=unfold) for subject in subjects]
    if len(subjects) == 1 and columns > 1:
        marks, width, height = _broken(subjects[0], drawn[0], columns)
    else:
        marks, width, height = _in_step(subjects, drawn)
    explained, below = draw_legend(subjects, scale, width)
    marks.append(path("M", (16, height), "H", width - 16, class_="frame"))
    marks.append(moved(explained, 0, height + 8))
    return _document(subjects, marks, width, height + below + 16, painted=scale is not None)


def _in_step(subjects: Sequence[Subject], drawn: Sequence[list[Drawn]]) -> tuple[list[Html], float, float]:
    """One column a network; the n-th segments begin on one line, and so do the heads."""
    most = max(map(len, drawn))
    padded = [[*parts[:-1], *[Drawn(Html(), 0.0)] * (most - len(parts)), parts[-1]] for parts in drawn]
    heights = [max(parts[row].height for parts in padded) for row in range(most)]
    marks: list[Html] = []
    x = bottom = 0.0
    for subject, parts in zip(subjects, padded, strict=True):
        marks += _header(subject, x)
        y = _HEADER
        marks.append(_image(subject, x + CENTRE, y))
        y += _IMAGE
        for part, height in zip(parts, heights, strict=True):
            marks.append(moved(part.marks, x, y))
            y += height + _BETWEEN
            if part is not parts[-1]:
                length = height - part.height + _BETWEEN
                marks.append(path("M", (x + CENTRE, y - length), "v", length, class_="flow"))
        x += width_of(subject)
        bottom = max(bottom, y)
    return marks, x, bottom


def _broken(subject: Subject, parts: Sequence[Drawn], columns: int) -> tuple[list[Html], float, float]:
    """One network in several columns, broken between segments, about equally tall."""
    limit = max(part.height for part in parts)
    while len(split := _split(parts, limit)) > columns:
        limit += 10
    top = _HEADER + _IMAGE
    marks = [*_header(subject, 0), _image(subject, CENTRE, _HEADER)]
    width = width_of(subject)
    ends: list[float] = []
    for place, column in enumerate(split):
        x, y = place * width, top
        for part in column:
            marks.append(moved(part.marks, x, y))
            y += part.height
            if part is not column[-1]:
                marks.append(path("M", (x + CENTRE, y), "v", _BETWEEN, class_="flow"))
                y += _BETWEEN
        ends.append(y)
    below = 14
    for place, end in enumerate(ends[:-1]):
        marks.append(_over(place * width + CENTRE, end, (place + 1) * width, end + below, top))
    return marks, width * len(split), max(ends) + below + 8


def _split(parts: Sequence[Drawn], limit: float) -> list[list[Drawn]]:
    columns: list[list[Drawn]] = [[]]
    for part in parts:
        if columns[-1] and sum(p.height + _BETWEEN for p in columns[-1]) + part.height > limit:
            columns.append([])
        columns[-1].append(part)
    return columns


def _over(x: float, end: float, edge: float, bottom: float, top: float) -> Html:
    """The line from the foot of one column to the head of the next."""
    r, above = 8.0, top - 12
    return path(
        "M", (x, end), "V", bottom - r, "Q", (x, bottom), (x + r, bottom), "H", edge - r, "Q", (edge, bottom),
        (edge, bottom - r), "V", above + r, "Q", (edge, above), (edge + r, above), "H", edge + CENTRE - r,
        "Q", (edge + CENTRE, above), (edge + CENTRE, above + r), "V", top, class_="flow",
    )  # fmt: skip


def _header(subject: Subject, x: float) -> list[Html]:
    facts = _("{n} weighted layers").format(n=whole(subject.plan.depth))
    if subject.note:
        facts += f" · {subject.note}"
    return [words(x + 16, 30, subject.name, class_="title"), words(x + 16, 47, facts, class_="soft")]


def _image(subject: Subject, x: float, y: float) -> Html:
    shown = written((subject.plan.stem.in_channels, *subject.size))
    return words(x, y + 12, _("image {shape}").format(shape=shown), class_="in")


def _document(
    subjects: Sequence[Subject], marks: Sequence[Html], width: float, height: float, *, painted: bool
) -> Html:
    style = files("atalho.report.drawing").joinpath("drawing.css").read_text(encoding="utf-8")
    title = _("Architecture of {names}").format(names=", ".join(subject.name for subject in subjects))
    told = " ".join(_told(subject) for subject in subjects)
    name = f"architecture-{zlib.crc32(f'{language_tag()} {told}'.encode(errors='replace')):08x}"
    return shape(
        "svg",
        shape("title", title, id=f"{name}-title"),
        shape("desc", told, id=f"{name}-desc"),
        shape("style", Html(re.sub(r"\s+", " ", style))),
        shape("rect", width=width, height=height, class_="paper"),
        marks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        class_="architecture painted" if painted else "architecture",
        role="img",
        lang=language_tag(),
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _told(subject: Subject) -> str:
    """The drawing in words, for who cannot see it."""
    plan = subject.plan
    counts = Counter(getattr(block, "path", type(block).__name__) for block in plan.blocks)
    stages = ", ".join(str(getattr(stage[0], "layers", len(stage))) for stage in plan.stages())
    text = _("{name}: a stem, stages of {counts} blocks or dense layers, average pooling and a classifier.")
    parts = [text.format(name=subject.name, counts=stages)]
    for kind, sentence in (
        ("identity", _("Identity shortcuts, drawn solid: {n}.")),
        ("projection", _("Projections, drawn dashed: {n}.")),
        ("zero-pad", _("Zero-padding shortcuts, drawn dotted: {n}.")),
        ("none", _("Blocks without a shortcut: {n}.")),
        ("DensePlan", _("Dense blocks, whose layers are concatenated: {n}.")),
    ):
        if counts[kind]:
            parts.append(sentence.format(n=counts[kind]))
    return " ".join(parts)
