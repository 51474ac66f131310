"""Residual and plain blocks: boxes in a row, and the shortcut that runs beside them to the sum."""

from typing import Final

from atalho.report.drawing.pen import ARC, BOX, CENTRE, GAP, HEIGHT, LEAD, NODE, RIGHT, ROUND, Pen
from atalho.report.drawing.pieces import Step
from atalho.report.drawing.svg import path, shape
from atalho.text import _

_FOLD: Final = 48.0
"""The height of the boxes that stand for many blocks."""
_CARDS: Final = 4.0
_ARCS: Final = 3


def draw_step(pen: Pen, step: Step) -> None:
    """The block, or the stack of blocks that are the same, and its shortcut."""
    branch = pen.y + 3
    pen.arrow(LEAD)
    if len(step.names) > 1:
        _stack(pen, step)
        pen.line(LEAD)
        return
    for place, layer in enumerate(step.layers):
        if place:
            pen.arrow(GAP)
        pen.box(layer, step.names[0])
    pen.line(LEAD - 3)
    _value(pen, step)
    if step.path == "none":
        # As tall as with a sum, so that a plain network stands row by row beside its residual twin.
        pen.line(2 * NODE)
    else:
        _shortcut(pen, step, branch, pen.y + NODE)
        pen.sum()
    if step.relu:
        pen.line(2)
        pen.relu()
    pen.line(2)


def _shortcut(pen: Pen, step: Step, top: float, bottom: float) -> None:
    pen.marks.append(
        path(
            "M", (CENTRE, top), "H", ARC - ROUND, "Q", (ARC, top), (ARC, top + ROUND), "V", bottom - ROUND,
            "Q", (ARC, bottom), (ARC - ROUND, bottom), "H", CENTRE + NODE, class_=f"shortcut {step.path}",
        )
    )  # fmt: skip
    pen.head(CENTRE + NODE, bottom, "left", "tip ink")
    middle = (top + bottom) / 2
    if step.fit:
        first, rest = step.fit.label().split(", ", 1)
        pen.say(ARC + 7, middle - 3, first, "note")
        pen.say(ARC + 7, middle + 10, rest, "note")
    elif step.path == "zero-pad":
        pen.say(ARC + 7, middle + 4, _("zeros"), "note")


def _stack(pen: Pen, step: Step) -> None:
    """Cards behind each other, with small shortcuts; with values, a stripe of colour for each block."""
    if step.path != "none":
        _small_shortcuts(pen, step)
    left, top = CENTRE - BOX / 2, pen.y
    for shift in (2 * _CARDS, _CARDS, 0.0):
        pen.marks.append(
            shape("rect", x=left + shift - _CARDS, y=top + 2 * _CARDS - shift, width=BOX, height=_FOLD - 2 * _CARDS,
                  rx=4, class_="box")
        )  # fmt: skip
    text = _("{n} more blocks").format(n=len(step.names))
    lift = 5 if pen.stripes(step.names, left - _CARDS, top + _FOLD, BOX) else 0
    pen.say(CENTRE - _CARDS, top + _CARDS + _FOLD / 2 + 4 - lift, text, "in strong")
    pen.y += _FOLD


def _small_shortcuts(pen: Pen, step: Step) -> None:
    """One after the other: each block of the stack has its own."""
    each, r = (_FOLD - 2 * _CARDS - 6) / _ARCS, 4.0
    for place in range(_ARCS):
        top = pen.y + 3 + place * each
        bottom = top + each - 2
        pen.marks.append(
            path(
                *("M", (RIGHT, top), "H", ARC - r, "Q", (ARC, top), (ARC, top + r), "V", bottom - r),
                *("Q", (ARC, bottom), (ARC - r, bottom), "H", RIGHT),
                class_=f"shortcut {step.path}",
            )
        )
    pen.say(ARC + 7, pen.y + _FOLD / 2, f"× {len(step.names)}", "note")


def _value(pen: Pen, step: Step) -> None:
    paint = pen.paint(step.names[0])
    if paint:
        x = (RIGHT if step.path == "none" else ARC) + 7
        pen.value(paint, x, pen.y - LEAD - HEIGHT / 2 + 8 + (10 if step.fit else 0))
