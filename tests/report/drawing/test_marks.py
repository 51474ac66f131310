"""The pen goes down the middle line, and what it draws for a layer stays within the layer's box."""

from atalho.report.drawing.marks import BOX, CENTRE, HEIGHT, NARROW, Pen
from atalho.report.drawing.scale import Scale
from atalho.report.drawing.segments import LayerBox


def pen(values: dict[str, float] | None = None) -> Pen:
    scale = Scale("height", 0.0, 1.0)
    known = values or {}
    return Pen(lambda name: scale.paint(known[name]) if name in known else None)


def test_it_goes_down_by_what_it_draws() -> None:
    drawing = pen()
    drawing.line(5)
    drawing.arrow(12)
    drawing.box(LayerBox("conv", 64, 3), "a")
    assert drawing.y == 5 + 12 + HEIGHT
    drawing.sum()
    assert drawing.y == 5 + 12 + HEIGHT + 13


def test_bars_lie_within_the_box_and_apart_from_each_other(placed, touching) -> None:
    drawing = pen()
    drawing.box(LayerBox("conv", 64, 3, before=("norm", "relu"), after=("norm", "relu")), "a")
    marks = placed("".join(drawing.marks))
    (box,) = (mark for mark in marks if "box" in mark.classes)
    bars = [mark for mark in marks if mark.classes & {"norm", "relu"}]
    assert len(bars) == 4 and touching(bars) == []
    assert all(box.left < bar.left and bar.right < box.right for bar in bars)
    assert all(box.top < bar.top and bar.bottom < box.bottom for bar in bars)
    assert [bar.classes for bar in sorted(bars, key=lambda bar: bar.top)] == [{"norm"}, {"relu"}] * 2


def test_a_box_is_in_the_middle_and_may_be_narrow(placed) -> None:
    for narrow, width in ((False, BOX), (True, NARROW)):
        drawing = pen()
        drawing.box(LayerBox("conv", 64, 3, narrow=narrow), "a")
        box, text = placed("".join(drawing.marks))
        assert (box.left + box.right) / 2 == text.left == CENTRE and box.right - box.left == width
        assert box.top < text.top < box.bottom and text.text == "3×3 conv, 64"


def test_stripes_fill_the_width_and_leave_out_what_has_no_value(placed, touching) -> None:
    drawing = pen({"a": 0.0, "b": 0.5, "d": 1.0})
    assert drawing.stripes(["a", "b", "c", "d"], 10, 50, 80)
    stripes = placed("".join(drawing.marks))
    assert [(mark.left, mark.right) for mark in stripes] == [(10, 30), (30, 50), (70, 90)]
    assert {mark.bottom for mark in stripes} == {50} and touching(stripes) == []
    assert not pen().stripes(["a", "b"], 0, 0, 10)
