"""Values on the drawing of a network and along an axis of blocks."""

from matplotlib.figure import Figure

from atalho.lab.shared.painted import block_axis, painted
from atalho.networks import catalogue
from atalho.report.drawing import Scale


def test_every_block_is_painted_in_its_colour() -> None:
    spec = catalogue.spec("resnet20")
    values = {f"stages.{stage}.{place}": stage + place / 10 for stage in range(3) for place in range(3)}
    scale = Scale("what it is worth", 0, 3)
    drawing = str(painted([("mine", spec, values)], None, scale))
    assert all(scale.colour(value) in drawing for value in values.values())
    assert "mine" in drawing and "what it is worth" in drawing


def test_the_axis_numbers_the_blocks_and_marks_the_stages() -> None:
    axes = Figure().subplots()
    block_axis(axes, [f"stages.{stage}.{place}" for stage in range(3) for place in range(9)])
    assert [line.get_xdata()[0] for line in axes.lines] == [8.5, 17.5]
    assert [text.get_text() for text in axes.texts] == ["stage 1", "stage 2", "stage 3"]
    assert [tick.get_text() for tick in axes.get_xticklabels()][:3] == ["1", "3", "5"]
    assert axes.get_xlim() == (-0.7, 26.7)


def test_layers_of_dense_blocks_belong_to_their_stage() -> None:
    axes = Figure().subplots()
    block_axis(axes, ["stages.0.0.layers.0", "stages.0.0.layers.1", "stages.1.0.layers.0"])
    assert [line.get_xdata()[0] for line in axes.lines] == [1.5]
