"""How `lab landscape` is shown: surfaces and contours of all networks on one scale, and the lines."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from atalho.lab.landscape.result import LandscapeResult, LandscapeSeries
from atalho.lab.shared import twins, words
from atalho.lab.shared.page import Page, Table
from atalho.report.canvas import AMBER, BLUE, INK, LINE, MUTED
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, number, nwhole, percent, whole

_COLOURS: Final = "viridis"
_LEVELS: Final = 14
_HIGHEST: Final = 4.0
"""Losses above so many times that of a guess are drawn as that: what matters is the valley."""


def pictures(result: LandscapeResult) -> Mapping[str, Figure]:
    """Surfaces above contours, a column for each network; and the lines."""
    series = [one for one in result.series if any(one.loss)]
    along = [one for one in result.series if one.lines]
    found: dict[str, Figure] = {}
    if series:
        found[_("The loss around the weights")] = _planes(series, result)
    if along:
        found[_("Along random lines")] = _lines(along, result)
    return found or {_("The loss around the weights"): Figure(figsize=(3, 1))}


def _planes(series: Sequence[LandscapeSeries], result: LandscapeResult) -> Figure:
    steps = np.array(result.measured.steps)
    heights = [_heights(one, result.measured.chance) for one in series]
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
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _plain(value)))
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
    axes.set_xticks([steps[0], 0, steps[-1]], [_plain(step) for step in (steps[0], 0, steps[-1])])
    axes.set_yticks([steps[0], 0, steps[-1]], [_plain(step) for step in (steps[0], 0, steps[-1])])
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
    axes.set_xticks([steps[0], 0, steps[-1]], [_plain(step) for step in (steps[0], 0, steps[-1])])
    axes.set_yticks([steps[0], 0, steps[-1]], [_plain(step) for step in (steps[0], 0, steps[-1])])
    axes.set_xlabel(_("first direction"))
    return drawn


def _lines(series: Sequence[LandscapeSeries], result: LandscapeResult) -> Figure:
    """The loss along each line, and where it is halfway between the trained weights and a guess."""
    steps, guess = result.measured.steps, result.measured.chance
    figure = Figure(figsize=(6.6, 3.4), layout="constrained")
    axes = figure.subplots()
    for one in series:
        colour = BLUE if one.shortcuts else AMBER
        for place, line in enumerate(one.lines):
            heights = [math.nan if value is None else value for value in line.loss]
            axes.plot(steps, heights, color=colour, linewidth=1.3, alpha=0.75, label=one.name if not place else None)
    axes.axhline(guess, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        _("guess"), (1, guess), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
        va="center", fontsize=8, color=MUTED,
    )  # fmt: skip
    every = [value for one in series for line in one.lines for value in line.loss if value is not None]
    axes.set_ylim(0, min(max(*every, guess) * 1.06, _HIGHEST * guess))
    axes.set_xlim(steps[0], steps[-1])
    axes.set_xlabel(_("step, as a share of the weights"))
    axes.set_ylabel(_("loss"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: _plain(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _plain(value)))
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


def tables(result: LandscapeResult) -> Mapping[str, Table]:
    """Where the networks stand and how wide their valleys are."""
    head = (_("network"), _("loss"), _("error"), _("step until halfway to a guess"), _("steps outward that lead down"))
    rows = []
    for one in result.series:
        centre, radius, falling = one.centre, one.radius, one.falling
        rows.append((
            one.name,
            "–" if centre is None else number(centre.loss, 3),
            "–" if centre is None else percent(centre.error),
            "–" if radius is None else words.estimate(radius, "number"),
            "–" if falling is None else words.estimate(falling, "percent"),
        ))  # fmt: skip
    note = _(
        "Loss and error at the trained weights, on {images} training images. The step is the mean over {lines}, both "
        "ways, with Student's {level} interval over the lines; a line on which the loss never rises so far counts with "
        "its whole length, {reach}."
    ).format(
        images=whole(result.settings.measured_on.images),
        lines=nwhole("{n} random line", "{n} random lines", result.settings.lines),
        level=percent(LEVEL, 0),
        reach=_plain(result.settings.reach),
    )
    return {_("How wide the valley is"): Table(head, rows, note)}


def method(result: LandscapeResult) -> str:
    """How the steps are made comparable, and what the norms do."""
    s = result.settings
    norms = {
        "recomputed": _(
            "At every point, norms take mean and variance of the images anew, as a training that came there would; the "
            "statistics of training belong to other weights, and with them the loss would rise for that reason too."
        ),
        "kept": _("At every point, norms keep the mean and variance that training left."),
    }
    text = _(
        "The loss is measured on the same {images} training images at every point, without variation of the images. A "
        "direction is random, each of its filters as long as the network's own filter, so that a step of 1 moves each "
        "filter by its length; scales and shifts stay. Networks whose layers have the same names take the same random "
        "numbers. The plane has {points} × {points} points."
    )
    return text.format(images=whole(s.measured_on.images), points=whole(s.points)) + " " + norms[s.norms]


def remarks(result: LandscapeResult) -> Sequence[str]:
    """What a plane can show, and in what the networks differ."""
    hint = _("A plane is two directions of a great many: a hint, and no proof of the shape of the whole.")
    lost = [one.name for one in result.series if one.centre and one.radius is None]
    nowhere = _("{name} has no smaller loss than a guess on these images, so it stands in no valley.")
    return [
        *twins.not_compared(result.verdict, (one.shortcuts for one in result.series)),
        *(nowhere.format(name=name) for name in lost),
        hint,
        *twins.remarks(len(result.series), result.settings.differences, result.settings.trained),
    ]


PAGE: Final = Page(
    title=N_("The loss around the weights"),
    claim=N_("Shortcuts make the valley wider that training goes down into (Li et al. 2018)."),
    method=method,
    pictures=pictures,
    tables=tables,
    remarks=remarks,
)
