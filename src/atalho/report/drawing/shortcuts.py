"""Shortcuts, solid, dashed or dotted, beside the boxes of residual and plain blocks, and the sum that they run to."""

from typing import Final

from atalho.report.drawing.marks import ARC, BOX, CENTRE, GAP, HEIGHT, LEAD, NODE, RIGHT, ROUND, Pen
from atalho.report.drawing.segments import ShortcutBlock
from atalho.report.drawing.svg import path, shape
from atalho.text import _

_FOLD: Final = 48.0
"""The height of the boxes that stand for many blocks."""
_CARDS: Final = 4.0
_ARCS: Final = 3


def draw_block(pen: Pen, block: ShortcutBlock) -> None:
    """The block, or the stack of blocks that are the same, and its shortcut."""
    branch = pen.y + 3
    pen.arrow(LEAD)
    if len(block.names) > 1:
        _stack(pen, block)
        pen.line(LEAD)
        return
    for place, layer in enumerate(block.layers):
        if place:
            pen.arrow(GAP)
        pen.box(layer, block.names[0])
    pen.line(LEAD - 3)
    _value(pen, block)
    if block.path == "none":
        # As tall as with a sum, so that a plain network stands row by row beside its residual twin.
        pen.line(2 * NODE)
    else:
        _shortcut(pen, block, branch, pen.y + NODE)
        pen.sum()
    if block.relu:
        pen.line(2)
        pen.relu()
    pen.line(2)


def _shortcut(pen: Pen, block: ShortcutBlock, top: float, bottom: float) -> None:
    pen.marks.append(
        path(
            "M", (CENTRE, top), "H", ARC - ROUND, "Q", (ARC, top), (ARC, top + ROUND), "V", bottom - ROUND,
            "Q", (ARC, bottom), (ARC - ROUND, bottom), "H", CENTRE + NODE, class_=f"shortcut {block.path}",
        )
    )  # fmt: skip
    pen.head(CENTRE + NODE, bottom, "left", "tip ink")
    middle = (top + bottom) / 2
    if block.fit:
        first, rest = block.fit.label().split(", ", 1)
        pen.say(ARC + 7, middle - 3, first, "note")
        pen.say(ARC + 7, middle + 10, rest, "note")
    elif block.path == "zero-pad":
        pen.say(ARC + 7, middle + 4, _("zeros"), "note")


def _stack(pen: Pen, block: ShortcutBlock) -> None:
    """Cards behind each other, with small shortcuts; with values, a stripe of colour for each block."""
    if block.path != "none":
        _small_shortcuts(pen, block)
    left, top = CENTRE - BOX / 2, pen.y
    for shift in (2 * _CARDS, _CARDS, 0.0):
        pen.marks.append(
            shape("rect", x=left + shift - _CARDS, y=top + 2 * _CARDS - shift, width=BOX, height=_FOLD - 2 * _CARDS,
                  rx=4, class_="box")
        )  # fmt: skip
    text = _("{n} more blocks").format(n=len(block.names))
    lift = 5 if pen.stripes(block.names, left - _CARDS, top + _FOLD, BOX) else 0
    pen.say(CENTRE - _CARDS, top + _CARDS + _FOLD / 2 + 4 - lift, text, "in strong")
    pen.y += _FOLD


def _small_shortcuts(pen: Pen, block: ShortcutBlock) -> None:
    """One after the other: each block of the stack has its own."""
    each, r = (_FOLD - 2 * _CARDS - 6) / _ARCS, 4.0
    for place in range(_ARCS):
        top = pen.y + 3 + place * each
        bottom = top + each - 2
        pen.marks.append(
            path(
                *("M", (RIGHT, top), "H", ARC - r, "Q", (ARC, top), (ARC, top + r), "V", bottom - r),
                *("Q", (ARC, bottom), (ARC - r, bottom), "H", RIGHT),
                class_=f"shortcut {block.path}",
            )
        )
    pen.say(ARC + 7, pen.y + _FOLD / 2, f"× {len(block.names)}", "note")


def _value(pen: Pen, block: ShortcutBlock) -> None:
    paint = pen.paint(block.names[0])
    if paint:
        x = (RIGHT if block.path == "none" else ARC) + 7
        pen.value(paint, x, pen.y - LEAD - HEIGHT / 2 + 8 + (10 if block.fit else 0))
