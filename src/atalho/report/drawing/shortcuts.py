"""Shortcuts, solid, dashed or dotted, beside the boxes of residual and plain blocks, and the sum that they run to."""

from typing import Final

from atalho.report.drawing.marks import ARC, CARD, CENTRE, GAP, HEIGHT, LEAD, NODE, RIGHT, ROUND, Pen
from atalho.report.drawing.segments import ShortcutBlock
from atalho.report.drawing.svg import path
from atalho.report.markup import Html
from atalho.text import _

_FOLD: Final = 48.0
"""The height of the boxes that stand for many blocks."""
_ARCS: Final = 3


def draw_block(pen: Pen, block: ShortcutBlock) -> None:
    """The block, or the stack of blocks that are the same, and its shortcut."""
    branch = pen.y + 3
    pen.arrow(LEAD)
    if len(block.names) > 1:
        if block.path != "none":
            _small_shortcuts(pen, block)
        pen.stack(block.names, _FOLD, _("{n} more blocks").format(n=len(block.names)))
        pen.line(LEAD)
        return
    for place, layer in enumerate(block.layers):
        if place:
            pen.arrow(GAP)
        pen.box(layer, block.names[0])
    pen.line(LEAD - 3)
    x = (RIGHT if block.path == "none" else ARC) + 7
    pen.value(block.names[0], x, pen.y - LEAD - HEIGHT / 2 + 8 + (10 if block.fit else 0))
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
    pen.marks.append(_arc(block, (CENTRE, top), (CENTRE + NODE, bottom), ROUND))
    pen.head(CENTRE + NODE, bottom, "left", "tip ink")
    middle = (top + bottom) / 2
    if block.fit:
        first, rest = block.fit.label().split(", ", 1)
        pen.say(ARC + 7, middle - 3, first, "note")
        pen.say(ARC + 7, middle + 10, rest, "note")
    elif block.path == "zero-pad":
        pen.say(ARC + 7, middle + 4, _("zeros"), "note")


def _arc(block: ShortcutBlock, start: tuple[float, float], end: tuple[float, float], r: float) -> Html:
    """From the line out to the place of shortcuts and back, with corners of radius `r`."""
    (left, top), (right, bottom) = start, end
    return path(
        *("M", (left, top), "H", ARC - r, "Q", (ARC, top), (ARC, top + r), "V", bottom - r),
        *("Q", (ARC, bottom), (ARC - r, bottom), "H", right),
        class_=f"shortcut {block.path}",
    )


def _small_shortcuts(pen: Pen, block: ShortcutBlock) -> None:
    """One after the other: each block of the stack has its own."""
    each = (_FOLD - 2 * CARD - 6) / _ARCS
    for place in range(_ARCS):
        top = pen.y + 3 + place * each
        pen.marks.append(_arc(block, (RIGHT, top), (RIGHT, top + each - 2), 4.0))
    pen.say(ARC + 7, pen.y + _FOLD / 2, f"× {len(block.names)}", "note")
