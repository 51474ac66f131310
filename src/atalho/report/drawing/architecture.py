"""The architecture of networks as SVG, as the article draws ResNet-34, one by itself or several beside each other.

No torch: a drawing comes from plans. Text is real text; light and dark follow the reader, and paper is light.
"""

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from atalho.networks.plan import DensePlan
from atalho.report.drawing.legend import draw_legend
from atalho.report.drawing.marks import CENTRE
from atalho.report.drawing.network import DrawnSegment, NetworkToDraw, draw_column, width_of, written
from atalho.report.drawing.scale import Scale
from atalho.report.drawing.segments import Connection, connection
from atalho.report.drawing.svg import moved, path, shape, words
from atalho.report.markup import Html
from atalho.text import _, language_tag
from atalho.text.numbers import whole

_HEADER: Final = 66.0
_BETWEEN: Final = 12.0
"""Between two segments."""
_TITLE_LETTER: Final = 10.5
_LETTER: Final = 6.2
"""Widths of a letter of the name and of the facts, on average and with some to spare."""
_IMAGE: Final = 20.0
"""For the words "image" above the first line."""


def draw(
    networks: Sequence[NetworkToDraw], *, legend: Scale | None = None, unfold: bool = False, columns: int = 1
) -> Html:
    """The drawing of networks, as a complete SVG document, which may also stand in a page.

    Several stand beside each other, each stage on one line: blocks of the same kind stand row by row. Their values are
    painted by the scale `legend`, by default from the least to the greatest. `columns` breaks the drawing of a single
    network between stages.
    """
    everything = {name: value for network in networks for name, value in (network.values or {}).items()}
    scale = legend or (Scale.over(everything, _("value")) if everything else None)
    drawn = [draw_column(network, scale, unfold=unfold) for network in networks]
    if len(networks) == 1 and columns > 1:
        marks, width, height = _broken(networks[0], drawn[0], columns)
    else:
        marks, width, height = _in_step(networks, drawn)
    explained, below = draw_legend(networks, scale, width)
    marks.append(path("M", (16, height), "H", width - 16, class_="frame"))
    marks.append(moved(explained, 0, height + 8))
    return _document(networks, marks, width, height + below + 16, painted=scale is not None)


def _in_step(networks: Sequence[NetworkToDraw], drawn: Sequence[list[DrawnSegment]]) -> tuple[list[Html], float, float]:
    """One column a network; the n-th segments begin on one line, and so do the heads."""
    most = max(map(len, drawn))
    padded = [[*parts[:-1], *[DrawnSegment(Html(), 0.0)] * (most - len(parts)), parts[-1]] for parts in drawn]
    heights = [max(parts[row].height for parts in padded) for row in range(most)]
    marks: list[Html] = []
    x = bottom = 0.0
    for network, parts in zip(networks, padded, strict=True):
        marks += _header(network, x)
        y = _HEADER + _IMAGE
        for part, height in zip(parts, heights, strict=True):
            marks.append(moved(part.marks, x, y))
            y += height + _BETWEEN
            if part is not parts[-1]:
                length = height - part.height + _BETWEEN
                marks.append(path("M", (x + CENTRE, y - length), "v", length, class_="flow"))
        x += max(width_of(network), _header_width(network))
        bottom = max(bottom, y)
    return marks, x, bottom


def _broken(network: NetworkToDraw, parts: Sequence[DrawnSegment], columns: int) -> tuple[list[Html], float, float]:
    """One network in several columns, broken between segments, about equally tall."""
    limit = max(part.height for part in parts)
    while len(split := _split(parts, limit)) > columns:
        limit += 10
    top = _HEADER + _IMAGE
    marks = _header(network, 0)
    width = width_of(network)
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
    return marks, max(width * len(split), _header_width(network)), max(ends) + below + 8


def _split(parts: Sequence[DrawnSegment], limit: float) -> list[list[DrawnSegment]]:
    columns: list[list[DrawnSegment]] = [[]]
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


def _facts(network: NetworkToDraw) -> str:
    """The line below the name."""
    facts = _("{n} weighted layers").format(n=whole(network.plan.depth))
    return f"{facts} · {network.note}" if network.note else facts


def _header_width(network: NetworkToDraw) -> float:
    """What name and facts need, so that they do not run into those of the network beside it."""
    return 32 + max(_TITLE_LETTER * len(network.name), _LETTER * len(_facts(network)))


def _header(network: NetworkToDraw, x: float) -> list[Html]:
    image = _("image {shape}").format(shape=written((network.plan.stem.in_channels, *network.size)))
    return [
        words(x + 16, 30, network.name, class_="title"),
        words(x + 16, 47, _facts(network), class_="soft"),
        words(x + CENTRE, _HEADER + 12, image, class_="in"),
    ]


def _document(
    networks: Sequence[NetworkToDraw], marks: Sequence[Html], width: float, height: float, *, painted: bool
) -> Html:
    style = files("atalho.report.drawing").joinpath("drawing.css").read_text(encoding="utf-8")
    title = _("Architecture of {names}").format(names=", ".join(network.name for network in networks))
    told = " ".join(_told(network) for network in networks)
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


def _told(network: NetworkToDraw) -> str:
    """The drawing in words, for readers who cannot see it."""
    plan = network.plan
    counts = Counter(map(connection, plan.blocks))
    stages = ", ".join(
        str(stage[0].layers if isinstance(stage[0], DensePlan) else len(stage)) for stage in plan.stages()
    )
    text = _("{name}: a stem, stages of {counts} blocks or dense layers, average pooling and a classifier.")
    parts = [text.format(name=network.name, counts=stages)]
    sentences: dict[Connection, str] = {
        "identity": _("Identity shortcuts (solid lines): {n}."),
        "projection": _("Projections (dashed lines): {n}."),
        "zero-pad": _("Zero-padding shortcuts (dotted lines): {n}."),
        "none": _("Blocks without a shortcut: {n}."),
        "concatenation": _("Dense blocks (their layers are concatenated): {n}."),
    }
    parts += [sentence.format(n=counts[kind]) for kind, sentence in sentences.items() if counts[kind]]
    return " ".join(parts)
