"""The curves of a training: loss, accuracy and learning rate over its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from atalho.report.canvas import AMBER, BLUE, panel, percents
from atalho.storage.run_records import EpochRow, StepRow
from atalho.text import _
from atalho.text.numbers import number, whole

MOST_POINTS: Final = 400  # of one curve; more would only make the page heavy


def loss(steps: Sequence[StepRow], epochs: Sequence[EpochRow]) -> Figure:
    """Loss of every logged step, and of each epoch on training and validation images."""
    figure, axes = panel(3.7, 2.6)
    course = _course(steps, epochs, [step.loss for step in steps])
    axes.plot(*course, color=BLUE, alpha=0.25, linewidth=0.9, label="_" + _("training, by step"))
    _two_curves(axes, [epoch.train_loss for epoch in epochs], [epoch.val_loss for epoch in epochs])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _place: number(value, 1))
    return figure


def accuracy(epochs: Sequence[EpochRow]) -> Figure:
    """Top-1 accuracy after each epoch on training and validation images; in re-identification rank-1 on these."""
    figure, axes = panel(3.7, 2.6)
    held_out = [epoch.val_rank1 if epoch.val_top1 is None else epoch.val_top1 for epoch in epochs]
    _two_curves(axes, [epoch.train_top1 for epoch in epochs], held_out)
    percents(axes.yaxis)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    return figure


def learning_rate(steps: Sequence[StepRow], epochs: Sequence[EpochRow]) -> Figure:
    """Learning rate over the epochs."""
    figure, axes = panel(3.7, 2.6)
    if steps:
        course = _course(steps, epochs, [step.lr for step in steps])
        axes.plot(*course, color=BLUE, linewidth=1.8, label="_" + _("learning rate"))
    else:
        rates = np.array([epoch.learning_rate for epoch in epochs], dtype=float)
        axes.plot(range(1, len(epochs) + 1), rates, "o-", color=BLUE, label="_" + _("learning rate"))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _place: number(value, 5).rstrip("0").rstrip(".,"))
    _epoch_axis(axes, len(epochs))
    return figure


def _two_curves(axes: Axes, training: Sequence[float | None], validation: Sequence[float | None]) -> None:
    across = range(1, len(training) + 1)
    mark = "o-" if len(training) <= 30 else "-"
    for values, colour, label in ((training, BLUE, _("training")), (validation, AMBER, _("validation"))):
        if any(value is not None for value in values):
            up = np.array(values, dtype=float)  # None becomes nan, which leaves a gap
            axes.plot(across, up, mark, color=colour, linewidth=1.8, markersize=3.5, label=label)
    axes.legend(loc="best")
    _epoch_axis(axes, len(training))


def _epoch_axis(axes: Axes, epochs: int) -> None:
    axes.set_xlim(0, max(epochs, 1) * 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _place: whole(value))
    axes.set_xlabel(_("epoch"))


def _course(
    steps: Sequence[StepRow], epochs: Sequence[EpochRow], values: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Where the logged steps lie, in epochs, and their values; of many steps, means over neighbours."""
    per_epoch = epochs[-1].step / len(epochs)
    parts = np.array_split(np.arange(len(steps)), min(len(steps), MOST_POINTS)) if steps else []
    across = [float(np.mean([steps[k].step for k in part])) / per_epoch for part in parts]
    return across, [float(np.mean([values[k] for k in part])) for part in parts]
