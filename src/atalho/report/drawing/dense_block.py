"""Dense blocks: x runs beside F(x) as a band that every layer makes broader by what it adds."""

from collections.abc import Sequence
from typing import Final

from atalho.report.drawing.marks import BOX, CENTRE, GAP, HEIGHT, LEAD, NARROW, RIGHT, ROUND, Pen
from atalho.report.drawing.segments import DenseLayers
from atalho.report.drawing.svg import path, shape
from atalho.text import _

BAND: Final = RIGHT + 88
"""The right edge of the band; it grows to the left, towards the layers."""
BROADEST: Final = 58.0
"""The width of the band where the network has most channels."""
_FOLD: Final = 44.0
_WAY: Final = 24.0
"""The height of the curve between the middle line and the band."""


def draw_dense_block(pen: Pen, dense_layers: Sequence[DenseLayers], most: int) -> None:
    """A dense block whose layers, some of them folded, are `dense_layers`; `most` channels make the broadest band."""
    first, last = dense_layers[0], dense_layers[-1]
    unit = BROADEST / most
    _enter(pen, BAND - first.channels * unit / 2)
    top = pen.y
    starts: list[tuple[float, int]] = []
    for dense in dense_layers:
        starts += _draw_layers(pen, dense, unit)
    end = last.channels + len(last.names) * last.rate
    pen.y += LEAD / 2
    _band(pen, top, pen.y, first, starts, unit)
    _leave(pen, BAND - end * unit / 2)


def _draw_layers(pen: Pen, dense: DenseLayers, unit: float) -> list[tuple[float, int]]:
    """One layer, or many in a stack; gives where each new stripe begins and how many channels there are then."""
    pen.y += LEAD + 3
    edge = BAND - dense.channels * unit
    top, count = pen.y, len(dense.names)
    if count > 1:
        return _draw_stack(pen, dense, unit)
    first, second = dense.layers
    pen.marks.append(path("M", (edge, top + HEIGHT / 2), "H", RIGHT, class_="flow"))
    pen.head(RIGHT, top + HEIGHT / 2, "left")
    pen.box(first, dense.names[0])
    pen.arrow(GAP)
    right = CENTRE + NARROW / 2
    joins = pen.y + HEIGHT / 2
    pen.box(second, dense.names[0])
    pen.marks.append(path("M", (right, joins), "H", edge - dense.rate * unit, class_="flow"))
    pen.head(edge - dense.rate * unit, joins, "right")
    pen.value(dense.names[0], CENTRE - BOX / 2 - 9, joins + 4, "value end")
    channels = dense.channels + dense.rate
    pen.say(BAND + 8, joins + 4, str(channels), "note")
    return [(joins, channels)]


def _draw_stack(pen: Pen, dense: DenseLayers, unit: float) -> list[tuple[float, int]]:
    count, top = len(dense.names), pen.y
    pen.stack(dense.names, _FOLD, _("{n} more layers").format(n=count))
    each = (_FOLD - 8) / count
    starts = [(top + 8 + (place + 0.5) * each, dense.channels + (place + 1) * dense.rate) for place in range(count)]
    joins, channels = starts[-1]
    for place, (y, now) in enumerate(starts):
        if place in (0, count // 2, count - 1):
            pen.marks.append(path("M", (RIGHT, y), "H", BAND - now * unit, class_="flow"))
    pen.say(BAND + 8, joins, str(channels), "note")
    return starts


def _band(
    pen: Pen, top: float, bottom: float, first: DenseLayers, starts: Sequence[tuple[float, int]], unit: float
) -> None:
    """x as it enters, and a stripe for what each layer adds."""
    width = first.channels * unit
    marks = [shape("rect", x=BAND - width, y=top, width=width, height=bottom - top, class_="x")]
    for y, channels in starts:
        marks.append(
            shape("rect", x=BAND - channels * unit, y=y, width=first.rate * unit, height=bottom - y, class_="new")
        )
    # Below the arrows that reach it.
    pen.marks[:0] = marks


def _enter(pen: Pen, x: float) -> None:
    top, bottom = pen.y, pen.y + _WAY
    middle = (top + bottom) / 2
    pen.marks.append(
        path("M", (CENTRE, top), "V", middle - 8, "Q", (CENTRE, middle), (CENTRE + ROUND, middle), "H", x - ROUND,
             "Q", (x, middle), (x, bottom), class_="flow")
    )  # fmt: skip
    pen.y = bottom


def _leave(pen: Pen, x: float) -> None:
    top, bottom = pen.y, pen.y + _WAY
    middle = (top + bottom) / 2
    pen.marks.append(
        path("M", (x, top), "Q", (x, middle), (x - ROUND, middle), "H", CENTRE + ROUND, "Q", (CENTRE, middle),
             (CENTRE, bottom), class_="flow")
    )  # fmt: skip
    pen.y = bottom
