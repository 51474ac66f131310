"""A figure's CSV holds what it draws: points, their intervals, the words of its axes, and nothing that runs."""

import csv
import io

import pytest

from atalho.networks import catalogue
from atalho.report import curves, figure_data
from atalho.report.canvas import panel, style
from atalho.report.drawing import NetworkToDraw
from atalho.report.figure_data import TickLabels, label_of_interval
from atalho.text import speaking


@pytest.fixture(autouse=True)
def _styled():
    with style():
        yield


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_curves_are_told_by_series_and_epoch(run):
    found = rows(figure_data.of_figure(curves.accuracy(run.epochs), y="accuracy"))
    assert found[0] == ["series", "epoch", "accuracy"]
    assert found[1] == ["training", "1", "0.5"] and found[-1] == ["validation", "3", "0.8"]
    assert len(found) == 7
    with speaking("pt"):
        assert rows(figure_data.of_figure(curves.accuracy(run.epochs)))[1][0] == "treino"


def test_bands_and_lines_that_are_intervals_stand_beside_their_points():
    figure, axes = panel(3, 3)
    axes.plot([1, 2], [0.3, 0.4], label="a")
    axes.fill_between([1, 2], [0.2, 0.3], [0.4, 0.5], **label_of_interval("a"))
    axes.plot([1], [0.9], "o", label="_b")
    axes.plot([1, 1], [0.8, 1.0], **label_of_interval("b"))
    axes.axhline(0.5)
    axes.plot([0, 5], [0, 5])
    assert rows(figure_data.of_figure(figure)) == [
        ["series", "x", "y", "low", "high"],
        ["a", "1", "0.3", "0.2", "0.4"],
        ["a", "2", "0.4", "0.3", "0.5"],
        ["b", "1", "0.9", "0.8", "1"],
    ]


def test_words_on_an_axis_stand_for_its_places():
    figure, axes = panel(3, 3)
    axes.barh([0, 1], [3.0, 4.0], label="_")
    axes.plot([2.5, 3.5], [0, 0], **label_of_interval(""))
    axes.set_yticks([0, 1], ["resnet20", "=1+1"])
    assert rows(figure_data.of_figure(figure)) == [
        ["x", "y", "low", "high"], ["3", "resnet20", "2.5", "3.5"], ["4", "'=1+1", "", ""],
    ]  # fmt: skip
    axes.xaxis.set_major_formatter(TickLabels())
    axes.plot([0], [7], "o", label="c")
    assert rows(figure_data.of_figure(figure))[1][:3] == ["c", "1", "7"]


def test_panels_have_their_titles_and_surfaces_their_values():
    with style():
        from matplotlib.figure import Figure

        figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set_title("first")
    left.pcolormesh([0, 1], [0, 1], [[1.0, 2.0], [3.0, 4.0]], shading="gouraud")
    right.plot([1], [2], label="x")
    found = rows(figure_data.of_figure(figure))
    assert found[0] == ["panel", "series", "x", "y", "value"]
    assert ["first", "", "1", "0", "2"] in found and found[-1] == ["2", "x", "1", "2", ""]


def test_a_network_is_told_block_by_block():
    plan = catalogue.spec("resnet20").plan()
    found = rows(figure_data.of_networks([NetworkToDraw(plan, "mine", values={"stages.0.1": 0.25})], "lost"))
    assert found[0] == ["network", "block", "input channels", "output channels", "lost"]
    assert found[2] == ["mine", "stages.0.1", "16", "16", "0.25"] and len(found) == 10
    assert len(rows(figure_data.of_networks([NetworkToDraw(plan, "mine")]))[0]) == 4
