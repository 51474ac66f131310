"""A block with its shortcut: the arc runs beside the boxes and ends at the sum; without it, the same rows."""

import pytest

from atalho.report.drawing.marks import ARC, CENTRE, NODE, RIGHT, Pen
from atalho.report.drawing.segments import LayerBox, ShortcutBlock
from atalho.report.drawing.shortcuts import draw_block

CONV = LayerBox("conv", 64, 3, after=("norm",))


def drawn(path: str, count: int = 1, fit: LayerBox | None = None) -> Pen:
    pen = Pen(lambda _name: None)
    draw_block(pen, ShortcutBlock(tuple(map(str, range(count))), (CONV, CONV), path, fit, relu=True))
    return pen


@pytest.mark.parametrize("path", ["identity", "projection", "zero-pad"])
def test_the_arc_leaves_above_the_boxes_and_ends_at_the_sum(path: str, placed, touching) -> None:
    marks = placed("".join(drawn(path, fit=LayerBox("conv", 64, 1, 2) if path == "projection" else None).marks))
    (arc,) = (mark for mark in marks if "shortcut" in mark.classes)
    (node,) = (mark for mark in marks if "node" in mark.classes)
    boxes = [mark for mark in marks if "box" in mark.classes]
    assert path in arc.classes and (arc.left, arc.right) == (CENTRE, ARC) and RIGHT < ARC
    assert arc.top < min(box.top for box in boxes)
    assert arc.bottom == node.top + NODE > max(box.bottom for box in boxes)
    assert touching([*boxes, node]) == []


def test_a_plain_block_is_as_tall_and_has_neither_arc_nor_sum(placed) -> None:
    plain, residual = drawn("none"), drawn("identity")
    assert plain.y == residual.y
    marks = placed("".join(plain.marks))
    assert not [mark for mark in marks if mark.classes & {"shortcut", "node"}]
    rows = [[mark.top for mark in placed("".join(pen.marks)) if "box" in mark.classes] for pen in (plain, residual)]
    assert rows[0] == rows[1]


def test_what_makes_x_fit_is_written_beside_the_arc(placed) -> None:
    marks = placed("".join(drawn("projection", fit=LayerBox("conv", 128, 1, 2)).marks))
    beside = [mark.text for mark in marks if mark.tag == "text" and mark.left > ARC]
    assert beside == ["1×1 conv", "128, /2"]
    zeros = placed("".join(drawn("zero-pad").marks))
    assert [mark.text for mark in zeros if mark.tag == "text" and mark.left > ARC] == ["zeros"]


def test_many_blocks_are_one_stack_however_many(placed) -> None:
    seven, thirty = drawn("identity", 7), drawn("identity", 30)
    assert seven.y == thirty.y < 2 * drawn("identity").y
    texts = [mark.text for mark in placed("".join(thirty.marks)) if mark.tag == "text"]
    assert texts == ["× 30", "30 more blocks"]
