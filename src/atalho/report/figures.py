"""The figures of a run: its curves, confusion matrix, reliability, recall by class, and the errors of a threshold.

Each is a function from what a run measured to a Figure of its own, with the words of one language; no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from atalho.report import curves
from atalho.report.canvas import AMBER, BLUE, INK, MUTED, panel, percents, png, style
from atalho.report.figure_data import label_of_interval
from atalho.report.markup import clean
from atalho.storage import run_folder
from atalho.storage.atomic import write_file
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import evaluation_of, task_of, verification_of
from atalho.text import _
from atalho.text.numbers import LEVEL, number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.calibration import CalibrationFigures
    from atalho.metrics.classification import ClassFigures, ClassificationFigures
    from atalho.metrics.verification import ErrorCurve, Verification
    from atalho.tasks.reidentification.picture import EmbeddingPicture, Points

CELLS_UP_TO: Final = 1000  # classes up to which each has a row of the confusion matrix; of more, neighbours share one
NUMBERS_UP_TO: Final = 16  # classes up to which the counts fit into a confusion matrix
NAMES_UP_TO: Final = 45  # and for the names
FAINTEST: Final = 0.5  # strength at which cells that are not empty begin where each is hardly a point
RECALL_ROWS: Final = 40
_DECADES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # ticks of error rates
_MARKS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")  # with two colours by turns, as the page has them


def draw_all(run: RunFolder) -> dict[str, Figure]:
    """Every figure that the run's files allow, by name."""
    figures: dict[str, Figure] = {}
    with style():
        if (verification := verification_of(run)) is not None:
            figures["verification"] = error_rates(verification)
        if run.epochs:
            figures["loss"] = curves.loss(run.steps, run.epochs)
            figures["accuracy"] = curves.accuracy(run.epochs)
            figures["learning_rate"] = curves.learning_rate(run.steps, run.epochs)
        evaluation: Any = evaluation_of(run)  # its task names no part that it does not have
        parts = task_of(run.task).page.parts if evaluation is not None else ()
        if "embeddings" in parts and evaluation.picture is not None:
            figures["embeddings"] = embeddings(evaluation.picture)
        if "confusion" in parts:
            figures["confusion"] = confusion(evaluation)
            figures["recall"] = recall(evaluation.per_class)
        if "calibration" in parts and evaluation.calibration is not None:
            figures["reliability"] = reliability(evaluation.calibration)
    return figures


def write_all(run: Path) -> list[Path]:
    """Write every figure of the run folder `run` as PNG into figures/, in the language in force; the files written.

    Raises RunError where `run` is no run folder.
    """
    written = []
    for name, figure in draw_all(RunFolder.open(run)).items():
        path = run / run_folder.FIGURES / f"{name}.png"
        write_file(path, png(figure), root=run)
        written.append(path)
    return written


def confusion(evaluation: ClassificationFigures) -> Figure:
    """Confusion matrix, true classes as rows: a cell's strength is its share of the row; right blue, wrong amber.

    The square root of the share is drawn: one in a hundred is already visible. Of so many classes that their names do
    not fit, what is not empty begins at `FAINTEST`.
    """
    counts = evaluation.confusion.counts(CELLS_UP_TO)
    names = [_short(row.class_) for row in evaluation.per_class]
    many = len(names)
    side = min(4.6 + 0.24 * many, 9.5)
    figure, axes = panel(side, side)
    strength = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    if many > NAMES_UP_TO:
        strength = np.where(counts > 0, FAINTEST + (1 - FAINTEST) * strength, 0.0)
    shown = len(counts)
    picture = np.zeros((shown, shown, 4))
    picture[..., :3] = matplotlib.colors.to_rgb(AMBER)
    picture[np.eye(shown, dtype=bool), :3] = matplotlib.colors.to_rgb(BLUE)
    picture[..., 3] = strength
    axes.imshow(picture, interpolation="none", aspect="equal", extent=(-0.5, many - 0.5, many - 0.5, -0.5))
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    if many <= NAMES_UP_TO:
        size = min(9.5, 0.45 * 72 * side / many)
        upright = max(map(len, names)) * many > 30
        axes.set_xticks(range(many), names, rotation=90 if upright else 0, fontsize=size)
        axes.set_yticks(range(many), names, fontsize=size)
        axes.tick_params(length=0)
    else:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(8, integer=True))
            axis.set_major_formatter(lambda value, _place: whole(value))
    if many <= NUMBERS_UP_TO:
        for row, column in np.argwhere(counts > 0):
            strong = strength[row, column] > 0.75
            text = whole(counts[row, column])
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if strong else INK)
    axes.set_xlabel(_("predicted"))
    axes.set_ylabel(_("true"))
    return figure


def reliability(calibration: CalibrationFigures) -> Figure:
    """Accuracy against confidence, before and after temperature scaling; the larger a mark, the more images."""
    figure, axes = panel(4.8, 4.4)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label=_("perfect"))
    for bins, colour, label in (
        (calibration.before.bins, AMBER, _("before")),
        (calibration.after.bins, BLUE, _("after")),
    ):
        total = sum(b.count for b in bins)
        across, up = [b.confidence for b in bins], [b.accuracy for b in bins]
        axes.plot(across, up, color=colour, linewidth=1.6, label=label)
        sizes = [12 + 220 * b.count / total for b in bins]
        axes.scatter(across, up, s=sizes, color=colour, alpha=0.75, linewidths=0, zorder=3)
    _shares(axes, axes.xaxis)
    _shares(axes, axes.yaxis)
    axes.set_aspect("equal")
    axes.set_xlabel(_("confidence"))
    axes.set_ylabel(_("accuracy"))
    axes.legend(loc="best")
    return figure


def recall(per_class: Sequence[ClassFigures]) -> Figure:
    """Recall of each class with its 95 % interval, lowest first; of many classes, the 40 lowest."""
    known = [(row.recall, row.recall_interval, row.class_) for row in per_class if row.recall is not None]
    rows = sorted(known, key=lambda row: row[0])[:RECALL_ROWS]
    figure, axes = panel(6.4, 1.1 + 0.26 * max(len(rows), 2))
    for place, (value, ends, _name) in enumerate(rows):
        axes.plot(ends or (value, value), [place, place], color=BLUE, alpha=0.35, linewidth=5)
        axes.plot(value, place, "o", color=BLUE, markersize=5)
    axes.set_yticks(range(len(rows)), [_short(name) for _value, _ends, name in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    _shares(axes, axes.xaxis)
    axes.set_xlabel(_("recall, with {level} interval").format(level=percent(LEVEL, 0)))
    return figure


def error_rates(verification: Verification) -> Figure:
    """False accepts and false rejects over the similarity with their intervals; where the threshold stands."""
    figure, axes = panel(5.6, 4.0)
    curve = verification.curve
    floor = _floor(curve, verification.wanted_far)
    for name, colour, label in (("far", AMBER, _("false accepts")), ("frr", BLUE, _("false rejects"))):
        low, high, middle = (
            [max(value, floor) for value in curve.line(key)] for key in (f"{name}_low", f"{name}_high", name)
        )
        band = label_of_interval(label)
        axes.fill_between(curve.thresholds, low, high, color=colour, alpha=0.18, linewidth=0, **band)
        axes.plot(curve.thresholds, middle, color=colour, linewidth=1.8, label=label)
    axes.axhline(verification.wanted_far, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label=_("target"))
    if verification.threshold is not None:
        similarity = verification.threshold.similarity
        axes.axvline(similarity, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label=_("threshold"))
    _logarithmic(axes, floor)
    axes.set_xlabel(_("similarity"))
    axes.set_xlim(curve.thresholds[0], curve.thresholds[-1])
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, 1))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=4, columnspacing=1.2, handlelength=1.6)
    return figure


def embeddings(picture: EmbeddingPicture) -> Figure:
    """Embeddings in a plane: every identity that is told apart has a mark of its own, whatever its colour."""
    figure, axes = panel(4.4, 5.0)
    axes.plot(*_columns(picture.others), ".", color=MUTED, alpha=0.55, markersize=4, label=_("others"))
    for place, (one, mark) in enumerate(zip(picture.marked, _MARKS, strict=False)):
        colour = AMBER if place % 2 else BLUE
        axes.plot(*_columns(one.points), mark, color=colour, alpha=0.85, markersize=6, label=_end(one.identity))
    axes.set_aspect("equal", adjustable="datalim")
    for axis, place in ((axes.xaxis, 1), (axes.yaxis, 2)):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda value, _place: number(value, 2))
        share = percent(picture.shares[place - 1])
        axis.set_label_text(_("component {place} ({share} of the variance)").format(place=place, share=share))
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.2, handletextpad=0.3)
    return figure


def _end(name: str) -> str:
    """A name that fits into a legend; identities in folders differ at their end."""
    name = clean(name).replace("\n", " ")
    return name if len(name) <= 24 else "…" + name[-23:]


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [across for across, _up in points], [up for _across, up in points]


def _floor(curve: ErrorCurve, wanted: float) -> float:
    """The lowest decade that is drawn: a rate of one in all pairs, and the wanted one, stand above it."""
    least = min([wanted, *(value for value in (*curve.far, *curve.frr) if value > 0)])
    return next((decade for decade in reversed(_DECADES[:-1]) if decade < least), _DECADES[0])


def _logarithmic(axes: Axes, floor: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(floor, 1.15)
    ticks = [decade for decade in _DECADES if decade >= floor]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    digits = {1e-4: 2, 1e-3: 1}
    axes.yaxis.set_major_formatter(lambda value, _place: percent(value, digits.get(value, 0)))


def _shares(axes: Axes, axis: Axis) -> None:
    """From 0 to 100%."""
    limit = axes.set_xlim if axis is axes.xaxis else axes.set_ylim
    limit(-0.02, 1.02)
    axis.set_ticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    percents(axis)


def _short(name: str) -> str:
    """A class name that fits beside a figure."""
    name = clean(name).replace("\n", " ")
    return name if len(name) <= 24 else name[:23] + "…"
