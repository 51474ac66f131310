import json
import math
from dataclasses import replace

import numpy as np
import pytest

from atalho.metrics.classification import ClassFigures, ClassificationFigures
from atalho.metrics.confusion import Confusion
from atalho.report import curves, figures
from atalho.report.canvas import png, style, svg
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import EpochRow, StepRow
from atalho.text import speaking, use_language


@pytest.fixture(autouse=True)
def _styled():
    with style():
        yield


def lines(figure):
    return {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].get_lines()}


def test_curves_show_the_numbers_of_the_log(run):
    found = lines(curves.loss(run.steps, run.epochs))
    assert found["training"] == [[1, 2.0], [2, 1.0], [3, pytest.approx(2 / 3)]]
    assert found["validation"][0] == [1, 2.5]
    assert lines(curves.accuracy(run.epochs))["validation"][2] == [3, pytest.approx(0.8)]


def test_steps_are_placed_in_epochs(run):
    (rate,) = lines(curves.learning_rate(run.steps, run.epochs)).values()
    assert [x for x, _y in rate] == [0.5, 1, 1.5, 2, 2.5, 3]
    assert rate[0][1] == 0.4 / 5


def test_a_long_log_is_drawn_as_means_of_neighbours():
    steps = [StepRow("step", step=k + 1, epoch=1, lr=0.1, loss=k % 2) for k in range(64_000)]
    figure = curves.loss(steps, [EpochRow("epoch", epoch=1, step=64_000, train_loss=1.0, val_loss=1.0)])
    points = figure.axes[0].get_lines()[0].get_xydata()
    assert points[0].tolist() == pytest.approx([80.5 / 64_000, 0.5])
    assert len(points) == curves.MOST_POINTS
    assert len(svg(figure, "long")) < 60_000


def test_a_log_without_steps_draws_only_epochs(run):
    assert set(lines(curves.loss([], run.epochs))) >= {"training", "validation"}


def test_a_log_without_validation_or_steps_is_drawn():
    epochs = [EpochRow("epoch", epoch=1, step=3, train_loss=math.nan, train_top1=0.5, learning_rate=0.1)]
    for figure in (curves.loss([], epochs), curves.accuracy(epochs), curves.learning_rate([], epochs)):
        assert "validation" not in lines(figure)
        assert png(figure)


def small(classes):
    """An evaluation of a network that takes each third image of a class for the next class."""
    counts = np.eye(classes, dtype=int) * 2 + np.roll(np.eye(classes, dtype=int), 1, axis=1)
    rows = [one_class(f"class {k}", k / classes, (k / classes, 1.0)) for k in range(classes)]
    return ClassificationFigures(
        images=3 * classes, top1=2 / 3, top1_interval=(0.5, 0.8), top5=None, top5_interval=None, macro_f1=0.7, loss=1.0,
        per_class=tuple(rows), confusion=Confusion.of_rows(counts.tolist()), mistakes=(),
    )  # fmt: skip


def one_class(name, recall, interval):
    return ClassFigures(name, images=3, recall=recall, recall_interval=interval, precision=0.5, f1=0.5)


@pytest.mark.parametrize("classes", [2, 10, 30, 120])
def test_the_confusion_matrix_shows_shares_of_the_row(classes):
    figure = figures.confusion(small(classes))
    picture = figure.axes[0].get_images()[0].get_array()
    least = figures.FAINTEST if classes > figures.NAMES_UP_TO else 0
    assert picture[0, 0, 3] == pytest.approx(least + (1 - least) * math.sqrt(2 / 3))
    assert picture[0, 1, 3] == pytest.approx(least + (1 - least) * math.sqrt(1 / 3))
    if classes > 2:
        assert picture[0, 2, 3] == 0
    assert picture[0, 0, 2] > picture[0, 0, 0]  # right is blue
    assert picture[0, 1, 0] > picture[0, 1, 2]  # wrong is amber
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert ("class 0" in labels) == (classes <= figures.NAMES_UP_TO)
    assert bool(figure.axes[0].texts) == (classes <= figures.NUMBERS_UP_TO)
    assert len(svg(figure, "c")) < 200_000


def test_a_class_without_images_leaves_its_row_empty():
    evaluation = small(3)
    first, _empty, last = evaluation.confusion
    evaluation = replace(evaluation, confusion=Confusion.of_rows((first, (0, 0, 0), last)))
    picture = figures.confusion(evaluation).axes[0].get_images()[0].get_array()
    assert picture[1, :, 3].tolist() == [0, 0, 0]


def test_recall_shows_the_lowest_first_and_leaves_out_what_is_not_known():
    first, *rows = small(60).per_class
    axes = figures.recall([replace(first, recall=None), *rows]).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"class {k}" for k in range(1, 41)]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_reliability_shows_every_bin(evaluation):
    calibration = evaluation.calibration
    found = lines(figures.reliability(calibration))
    for key, bins in (("before", calibration.before.bins), ("after", calibration.after.bins)):
        assert found[key] == [[b.confidence, b.accuracy] for b in bins]
    assert found["perfect"] == [[0, 0], [1, 1]]


def test_words_and_numbers_follow_the_language(run):
    with speaking("pt"):
        drawn = figures.draw_all(run)
        assert "treino" in svg(drawn["loss"], "a")
        assert "época" in svg(drawn["loss"], "a")
        assert "0,5" in svg(drawn["loss"], "a")
        assert "prevista" in svg(drawn["confusion"], "b")


def test_long_names_are_shortened_and_control_characters_are_seen(evaluation):
    rows = [one_class("a\x00\n" + "b" * 40, 0.5, (0.4, 0.6))]
    (label,) = figures.recall(rows).axes[0].get_yticklabels()
    assert label.get_text() == "a\ufffd " + "b" * 20 + "…"


def test_write_all_writes_what_the_run_allows(folder):
    use_language("pt")
    written = figures.write_all(folder)
    names = ["loss", "accuracy", "learning_rate", "confusion", "recall", "reliability"]
    assert [path.name for path in written] == [f"{name}.png" for name in names]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    assert sorted(path.name for path in (folder / "figures").iterdir()) == sorted(f"{name}.png" for name in names)


def test_a_run_without_evaluation_has_only_curves(folder):
    (folder / "evaluation.json").unlink()
    assert list(figures.draw_all(RunFolder.open(folder))) == ["loss", "accuracy", "learning_rate"]
    (folder / "metrics.jsonl").write_text(
        json.dumps({"kind": "step", "step": 1, "epoch": 1, "lr": 1, "loss": 1}) + "\n"
    )
    assert figures.draw_all(RunFolder.open(folder)) == {}
