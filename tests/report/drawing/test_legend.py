"""The legend explains the marks that are in the drawing, those alone, and fits below it."""

from itertools import pairwise

import pytest

from atalho.networks import catalogue
from atalho.report.drawing.legend import draw_legend
from atalho.report.drawing.network import NetworkToDraw
from atalho.report.drawing.scale import Scale
from atalho.text import speaking

ALWAYS = ["batch norm", "ReLU"]
SUM = "sum: F(x) + x"


def networks(*names: str) -> list[NetworkToDraw]:
    return [NetworkToDraw(catalogue.spec(name).plan(), name) for name in names]


@pytest.mark.parametrize(
    ("names", "explained"),
    [
        (["plain34"], []),
        (
            ["resnet34"],
            ["identity: x is added unchanged", "projection: a 1×1 convolution changes the shape of x", SUM],
        ),
        (
            ["plain20", "resnet20"],
            ["identity: x is added unchanged", "zero padding: x plus zeros for the new channels", SUM],
        ),
        (["densenet121"], ["concatenation: x and the output of each layer"]),
    ],
)
def test_only_what_is_drawn_is_explained(names: list[str], explained: list[str], placed) -> None:
    legend, _height = draw_legend(networks(*names), None, 700)
    assert [mark.text for mark in placed(legend) if mark.tag == "text"] == [*explained, *ALWAYS]


def test_of_a_linear_network_the_projection_is_a_linear_layer(placed) -> None:
    legend, _height = draw_legend(networks("mlp10"), None, 700)
    texts = " ".join(mark.text for mark in placed(legend))
    assert "convolution" not in texts


@pytest.mark.parametrize("width", [272, 330, 700, 1200])
def test_items_stand_apart_and_within_the_sheet(width: float, placed) -> None:
    scale = Scale("gradient", 0.01, 100.0, logarithmic=True)
    legend, height = draw_legend(networks("resnet34", "densenet121"), scale, width)
    marks = placed(legend)
    texts = [(mark.left, mark.top) for mark in marks if mark.tag == "text"]
    assert len(set(texts)) == len(texts)
    assert all(0 < mark.left < width and mark.top >= 0 and mark.bottom <= height for mark in marks)


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_words_of_a_column_end_before_the_next_mark(language: str, placed) -> None:
    """The two columns of plain20 beside resnet20, whose longest words almost touched the mark beside them."""
    for width in (617, 640, 960):
        legend, _height = speaking(language)(draw_legend)(networks("plain20", "resnet20"), None, width)
        texts = sorted((mark.top, mark.left, len(mark.text)) for mark in placed(legend) if mark.tag == "text")
        for (row, left, letters), (beside, right, _letters) in pairwise(texts):
            assert row != beside or left + 5.8 * letters < right - 34


def test_a_long_label_of_the_scale_is_broken_into_lines_that_fit(placed) -> None:
    label = "fraction of the accuracy above chance lost without the block"
    legend, height = draw_legend(networks("plain20"), Scale(label, 0.0, 1.0), 318)
    marks = placed(legend)
    lines = [mark for mark in marks if "strong" in mark.classes]
    assert " ".join(line.text for line in lines) == label and len(lines) == 2
    assert all(line.left + 6.5 * len(line.text) < 318 for line in lines)
    bar = [mark for mark in marks if mark.tag == "rect" and mark.right - mark.left < 11]
    assert lines[-1].top < min(mark.top for mark in bar) and max(mark.bottom for mark in bar) < height
    _short, lower = draw_legend(networks("plain20"), Scale("share", 0.0, 1.0), 318)
    assert height == lower + 14


def test_the_scale_says_its_ends_and_its_middle(placed) -> None:
    scale = Scale("gradient", 0.01, 100.0, logarithmic=True)
    bare, low = speaking("pt")(draw_legend)(networks("plain20"), None, 400)
    legend, high = speaking("pt")(draw_legend)(networks("plain20"), scale, 400)
    texts = [mark.text for mark in placed(legend)]
    assert texts[-3:] == ["0,01", "1", "100"] and "gradient" in texts
    assert high > low and len(legend) > len(bare)
