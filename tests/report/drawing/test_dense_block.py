"""The band beside a dense block is as broad as there are channels, whether layers are drawn or folded."""

import pytest

from atalho.report.drawing.dense_block import BAND, BROADEST, draw_dense_block
from atalho.report.drawing.marks import RIGHT, Pen
from atalho.report.drawing.segments import DenseLayers, LayerBox

LAYERS = (LayerBox("conv", 48, 1, before=("norm", "relu")), LayerBox("conv", 12, 3, before=("norm", "relu")))


def drawn(*counts: int, start: int = 24, rate: int = 12, most: int = 96) -> Pen:
    pen = Pen(lambda _name: None)
    dense_layers, channels = [], start
    for count in counts:
        dense_layers.append(DenseLayers(tuple(map(str, range(count))), LAYERS, channels, rate))
        channels += count * rate
    draw_dense_block(pen, dense_layers, most)
    return pen


@pytest.mark.parametrize("counts", [(1, 1, 1, 1), (1, 2, 1), (4,)])
def test_x_stays_and_every_layer_adds_its_stripe(counts: tuple[int, ...], placed, touching) -> None:
    marks = placed("".join(drawn(*counts).marks))
    (x,) = (mark for mark in marks if "x" in mark.classes)
    stripes = [mark for mark in marks if "new" in mark.classes]
    unit = BROADEST / 96
    assert x.right == BAND and x.left == pytest.approx(BAND - 24 * unit, abs=0.06)
    assert [BAND - stripe.left for stripe in stripes] == pytest.approx(
        [(24 + 12 * (place + 1)) * unit for place in range(4)], abs=0.06
    )
    assert {stripe.bottom for stripe in stripes} == {x.bottom}
    assert sorted(stripe.top for stripe in stripes) == [stripe.top for stripe in stripes]
    # Coordinates have one decimal.
    assert all(abs(one.right - other.left) < 0.2 or one.left >= other.right for one, other in touching(stripes))


def test_the_band_never_reaches_the_layers(placed) -> None:
    marks = placed("".join(drawn(1, 1, 4, most=24 + 6 * 12).marks))
    band = min(mark.left for mark in marks if mark.classes & {"x", "new"})
    boxes = max(mark.right for mark in marks if "box" in mark.classes)
    assert BAND - band == pytest.approx(BROADEST, abs=0.1) and boxes <= RIGHT + 4 < band


def test_channels_are_counted_beside_the_band(placed) -> None:
    marks = placed("".join(drawn(1, 3, 1).marks))
    assert [mark.text for mark in marks if mark.tag == "text" and mark.left > BAND] == ["36", "72", "84"]
    assert "3 more layers" in [mark.text for mark in marks]
