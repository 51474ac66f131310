"""A network's segments: nothing overlaps, nothing leaves the column, and captions say what is true."""

from dataclasses import replace

import pytest

from atalho.networks import catalogue
from atalho.report.drawing.network import NetworkToDraw, draw_column, width_of, written
from atalho.report.drawing.scale import Scale

NAMES = ["resnet34", "plain34", "resnet50", "preact18", "densenet121", "mlp10", "resnet20"]


def network(name: str) -> NetworkToDraw:
    return NetworkToDraw(catalogue.spec(name).plan(), name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unfold", [False, True])
def test_boxes_lie_apart_and_everything_within_its_segment(name: str, unfold: bool, placed, touching) -> None:
    width = width_of(network(name))
    for part in draw_column(network(name), None, unfold=unfold):
        marks = placed(part.marks)
        boxes = [mark for mark in marks if mark.classes & {"box", "node"}]
        if unfold:
            assert touching(boxes) == []
        assert all(mark.left >= 0 and mark.right <= width for mark in marks)
        assert all(mark.top >= -0.1 and mark.bottom <= part.height + 0.1 for mark in marks)
        texts = [(mark.left, mark.top) for mark in marks if mark.tag == "text"]
        assert len(set(texts)) == len(texts)


def test_values_are_painted_on_their_blocks_only(placed) -> None:
    values = {"stages.0.0": 0.25, "stages.3.2": 0.75}
    painted = replace(network("resnet34"), values=values)
    parts = draw_column(painted, Scale("share", 0.0, 1.0), unfold=True)
    said = [[mark.text for mark in placed(part.marks) if "value" in mark.classes] for part in parts]
    assert [texts for texts in said if texts] == [["0.25"], ["0.75"]]
    assert width_of(replace(network("plain34"), values=values)) > width_of(network("plain34"))


def test_captions(placed) -> None:
    parts = draw_column(network("resnet34"), None, unfold=False)
    texts = [mark.text for mark in placed(parts[2].marks) if mark.tag == "text"]
    assert texts[:3] == ["stage 2", "128 × 28 × 28", "4 blocks"]
    assert len(parts) == 6
    assert (written((64, 56, 56)), written((512, 0, 0))) == ("64 × 56 × 56", "512")
    assert network("resnet34").size == (224, 224) and replace(network("resnet34"), side=96).size == (96, 96)
