"""What `lab landscape` found: surfaces and contours of all networks on one scale, and the lines."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from atalho.lab.landscape.result import LandscapeMeasured, LandscapeSeries, LandscapeSettings
from atalho.lab.shared import painted, trained, words
from atalho.lab.shared.result import Result, Table
from atalho.report.canvas import INK, LINE, MUTED, panel
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, number, nwhole, percent, whole

_COLOURS: Final = "viridis"
_LEVELS: Final = 14
_HIGHEST: Final = 4.0
"""Losses above so many times that of a guess are drawn as that: what matters is the valley."""


@dataclass(frozen=True, repr=False)
class LandscapeResult(Result):
    """What `lab landscape` found."""

    NAME = "landscape"
    TITLE = N_("The loss around the weights")
    CLAIM = N_("Shortcuts widen the valley that training descends into (Li et al. 2018).")
    settings: LandscapeSettings
    measured: LandscapeMeasured

    @property
    def series(self) -> tuple[LandscapeSeries, ...]:
        """The networks."""
        return self.measured.series

    def pictures(self) -> Mapping[str, Figure]:
        """Surfaces above contours, a column for each network; and the lines."""
        series = [one for one in self.series if any(one.loss)]
        along = [one for one in self.series if one.lines]
        pictures = {_("The loss around the weights"): _planes(series, self.measured)} if series else {}
        if along:
            pictures[_("Along random lines")] = _lines(along, self.measured)
        return pictures

    def captions(self) -> Mapping[str, str]:
        return {
            _("The loss around the weights"): _(
                "The cross marks the trained weights; the darker, the lower the loss. A wide, smooth valley means that "
                "many nearby weights are about as good; a narrow or torn one, that few are."
            ),
            _("Along random lines"): _(
                "Each line is one random direction away from the trained weights. The farther a curve stays low before "
                "it reaches chance level, the wider the valley. Blue: with shortcuts; amber: without."
            ),
        }

    def tables(self) -> Mapping[str, Table]:
        """Where the networks stand and how wide their valleys are."""
        columns: dict[str, Callable[[LandscapeSeries], str]] = {
            _("network"): lambda one: one.name,
            _("loss"): lambda one: number(one.centre.loss if one.centre else None, 3),
            _("error"): lambda one: percent(one.centre.error if one.centre else None),
            _("step to halfway to chance level"): lambda one: words.estimate(one.radius, "number"),
            _("outward steps that reduce the loss"): lambda one: words.estimate(one.falling, "percent"),
        }
        note = _(
            "Loss and error at the trained weights, on {images} training images. The step is the mean over "
            "{lines}, in both directions, with Student's {level} interval over the lines; a line on which "
            "the loss never rises that far counts with its full length, {reach}."
        ).format(
            images=whole(self.settings.measured_on.images),
            lines=nwhole("{n} random line", "{n} random lines", self.settings.lines),
            level=percent(LEVEL, 0),
            reach=_plain(self.settings.reach),
        )
        return {_("Width of the valley"): Table.of(self.series, columns, note)}

    def method(self) -> str:
        """How the steps are made comparable, and what the norms do."""
        s = self.settings
        norms = {
            "recomputed": _(
                "At every point, batch norm recomputes its mean and variance from the images, as training at "
                "that point would. The statistics of training belong to other weights, and keeping them would "
                "raise the loss for that reason alone."
            ),
            "kept": _("At every point, batch norm keeps the mean and variance from training."),
        }
        text = _(
            "The loss is measured on the same {images} training images at every point, without augmentation. "
            "Each direction is random, with each filter scaled to the norm of the network's own filter, so a "
            "step of 1 moves each filter by its own norm; scales and shifts stay fixed. Networks with the "
            "same layer names use the same random numbers. The plane has {points} × {points} points."
        )
        return text.format(images=whole(s.measured_on.images), points=whole(s.points)) + " " + norms[s.norms]

    def remarks(self) -> Sequence[str]:
        """What a plane can show, and in what the networks differ."""
        hint = _("A plane shows only two of very many directions: a hint, not proof, of the overall shape.")
        lost = [one.name for one in self.series if one.centre and one.radius is None]
        nowhere = _("{name} has a loss no better than chance on these images, so it is not in a valley.")
        return [
            *trained.not_compared(self.verdict, (one.shortcuts for one in self.series)),
            *(nowhere.format(name=name) for name in lost),
            hint,
            *self.settings.compared.remarks(len(self.series)),
        ]


def _planes(series: Sequence[LandscapeSeries], measured: LandscapeMeasured) -> Figure:
    steps = np.array(measured.steps)
    heights = [_heights(one, measured.chance) for one in series]
    low, high = min(np.nanmin(h) for h in heights), max(np.nanmax(h) for h in heights)
    scale = LogNorm(low, max(high, low * 1.01))
    figure = Figure(figsize=(4.1 * len(series) + 0.6, 7.0), layout="constrained")
    grid = figure.add_gridspec(2, len(series), height_ratios=(1.1, 1))
    flat = []
    for column, (one, height) in enumerate(zip(series, heights, strict=True)):
        solid: Any = figure.add_subplot(grid[0, column], projection="3d")
        _surface(solid, steps, height, scale)
        solid.set_title(one.name, fontsize=11, color=INK, pad=0)
        axes = figure.add_subplot(grid[1, column])
        drawn = _contour(axes, steps, height, scale)
        axes.set_ylabel(_("second direction") if column == 0 else "")
        flat.append(axes)
    ticks = _ticks(low, high)
    bar = figure.colorbar(drawn, ax=flat, ticks=FixedLocator(ticks), shrink=0.9, pad=0.02)
    bar.ax.yaxis.set_major_formatter(lambda value, _place: _plain(value))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.set_label(_("loss"), color=MUTED)
    bar.outline.set_edgecolor(LINE)
    return figure


def _heights(one: LandscapeSeries, guess: float) -> NDArray[np.float64]:
    """(P,P) losses, those far above a guess's cut; nan for rows that are not measured yet."""
    points = len(one.loss)
    rows = [[math.nan] * points if row is None else [math.inf if v is None else v for v in row] for row in one.loss]
    cut: NDArray[np.float64] = np.minimum(np.array(rows, dtype=float), _HIGHEST * guess)
    return cut


def _surface(axes: Any, steps: NDArray[np.float64], height: NDArray[np.float64], scale: LogNorm) -> None:
    """The surface in three dimensions, its height on the logarithmic scale of the colours."""
    across, along = np.meshgrid(steps, steps)
    colours = matplotlib.colormaps[_COLOURS](scale(height))
    axes.plot_surface(
        across, along, np.log10(height), facecolors=colours, rstride=1, cstride=1, linewidth=0.15,
        edgecolor=(1, 1, 1, 0.35), antialiased=True, shade=False,
    )  # fmt: skip
    axes.set_zlim(math.log10(scale.vmin or 1), math.log10(scale.vmax or 1))
    ticks = _ticks(scale.vmin or 1, scale.vmax or 1)
    axes.set_zticks([math.log10(tick) for tick in ticks], [_plain(tick) for tick in ticks])
    _step_ticks(axes, steps)
    axes.tick_params(labelsize=7.5, pad=-1)
    axes.view_init(elev=32, azim=-58)
    axes.set_box_aspect(None, zoom=0.9)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color(LINE)
        axis._axinfo["grid"]["color"] = LINE


def _contour(axes: Axes, steps: NDArray[np.float64], height: NDArray[np.float64], scale: LogNorm) -> Any:
    """The same from above; lines every so often, and the trained weights in the middle."""
    levels = np.geomspace(scale.vmin or 1, scale.vmax or 1, _LEVELS)
    drawn = axes.pcolormesh(steps, steps, height, norm=scale, cmap=_COLOURS, shading="gouraud", rasterized=True)
    axes.contour(steps, steps, height, levels=levels, colors="white", linewidths=0.6, alpha=0.7)
    axes.plot(0, 0, "+", color="white", markersize=9, markeredgewidth=1.6)
    axes.set_aspect("equal")
    axes.grid(visible=False)
    _step_ticks(axes, steps)
    axes.set_xlabel(_("first direction"))
    return drawn


def _step_ticks(axes: Any, steps: NDArray[np.float64]) -> None:
    """Both ends and the middle."""
    places = (steps[0], 0, steps[-1])
    axes.set_xticks(places, [_plain(step) for step in places])
    axes.set_yticks(places, [_plain(step) for step in places])


def _lines(series: Sequence[LandscapeSeries], measured: LandscapeMeasured) -> Figure:
    """The loss along each line, and where it is halfway between the trained weights and a guess."""
    steps, guess = measured.steps, measured.chance
    figure, axes = panel(6.6, 3.4)
    for one in series:
        colour = painted.colour_of(one.shortcuts)
        for place, line in enumerate(one.lines):
            heights = [math.nan if value is None else value for value in line.loss]
            name = one.name if not place else f"_{one.name}, {place + 1}"
            axes.plot(steps, heights, color=colour, linewidth=1.3, alpha=0.75, label=name)
    painted.level(axes, guess, _("chance level"))
    every = [value for one in series for line in one.lines for value in line.loss if value is not None]
    axes.set_ylim(0, min(max(*every, guess) * 1.06, _HIGHEST * guess))
    axes.set_xlim(steps[0], steps[-1])
    axes.set_xlabel(_("step, as a fraction of the weights' norm"))
    axes.set_ylabel(_("loss"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _place: _plain(value))
    figure.legend(loc="outside upper center", ncols=len(series))
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Round losses between two, about four of them."""
    every = [base * 10.0**power for power in range(-6, 4) for base in (1, 2, 5)]
    inside = [tick for tick in every if low * 0.999 <= tick <= high * 1.001]
    step = max(1, -(-len(inside) // 6))
    return inside[::step] or [low, high]


def _plain(value: float) -> str:
    return number(value, 3).rstrip("0").rstrip(",.") if value else "0"
