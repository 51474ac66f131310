"""The numbers that a figure draws, as CSV: read back from the figure itself, so that none can hold others."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter

from atalho.report.drawing import NetworkToDraw
from atalho.report.markup import clean
from atalho.text import _

INTERVAL: Final = "interval"
"""The group of marks that are the interval of the points of the series with their label."""
_UNNAMED: Final = re.compile(r"_(child|container|nolegend)\d*_?")
_TEXT_FIRST: Final = ("=", "+", "-", "@", "\t")
"""What a spreadsheet would take for the beginning of a formula."""

Value = float | str


@dataclass(frozen=True)
class _Point:
    panel: str
    series: str
    x: Value
    y: Value
    value: float | None = None
    ends: tuple[float, float] | None = None


class TickLabels(Formatter):
    """Says places that are counted from 0 as people do, from 1."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x + 1:g}"


def label_of_interval(name: str) -> dict[str, Any]:
    """What makes marks the interval of the series `name`, and keeps them out of the legend."""
    return {"gid": INTERVAL, "label": f"_{name}"}


def of_figure(figure: Figure, x: str = "", y: str = "") -> str:
    """A row for each point that is drawn; `x` and `y` name its axes where these have no label.

    The columns panel, series, value, low and high are there where any row has them.
    """
    drawn = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>" and axes.get_visible()]
    points = [point for place, axes in enumerate(drawn) for point in _points(axes, _panel(axes, place))]
    first = drawn[0] if drawn else None
    heads = {
        _("panel"): [point.panel if len(drawn) > 1 else "" for point in points],
        _("series"): [point.series for point in points],
        (first.get_xlabel() if first and len(drawn) == 1 else "") or x or "x": [_cell(point.x) for point in points],
        (first.get_ylabel() if first and len(drawn) == 1 else "") or y or "y": [_cell(point.y) for point in points],
        _("value"): [_cell(point.value) for point in points],
        _("low"): [_cell(point.ends and point.ends[0]) for point in points],
        _("high"): [_cell(point.ends and point.ends[1]) for point in points],
    }
    kept = {name: column for name, column in heads.items() if any(column)}
    return written(list(kept), zip(*kept.values(), strict=True))


def of_networks(networks: Sequence[NetworkToDraw], value: str = "") -> str:
    """A row for each block of networks that are drawn, with its `value` where it has one."""
    head = (_("network"), _("block"), _("input channels"), _("output channels"), value or _("value"))
    rows = []
    for network in networks:
        values = network.values or {}
        for block in network.plan.blocks:
            own = f"stages.{block.stage}.{block.index}"
            channels = str(block.in_channels), str(block.out_channels)
            rows.append((network.name, own, *channels, _cell(values.get(own))))
            layers = (name for name in values if name.startswith(f"{own}.layers."))
            rows.extend((network.name, layer, "", "", _cell(values[layer])) for layer in layers)
    columns = len(head) if any(row[-1] for row in rows) else len(head) - 1
    return written(head[:columns], (row[:columns] for row in rows))


def written(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV, with a point in numbers as programs read them."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows([list(map(_harmless, row)) for row in (head, *rows)])
    return made.getvalue()


def _harmless(cell: str) -> str:
    text = clean(cell)
    return f"'{text}" if text.startswith(_TEXT_FIRST) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(value: Value | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.6g}" if math.isfinite(value) else ""


def _panel(axes: Axes, place: int) -> str:
    title = axes.get_title() or axes.get_title(loc="left")
    return title or axes.get_ylabel() or str(place + 1)


def _points(axes: Axes, panel: str) -> Iterator[_Point]:
    across, up = _said(axes.xaxis), _said(axes.yaxis)
    intervals = dict(_intervals(axes))
    for line in axes.get_lines():
        name = _series(line)
        if line.get_gid() == INTERVAL or name is None or line.get_transform() != axes.transData:
            continue
        for x, y in np.asarray(line.get_xydata()).tolist():
            if math.isfinite(y):
                ends = intervals.get((name, x)) or intervals.get((name, y))
                yield _Point(panel, name, across(x), up(y), ends=ends)
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            yield from _bars(bars, panel, across, up, intervals)
    for mesh in axes.collections:
        if isinstance(mesh, QuadMesh):
            places, values = np.asarray(mesh.get_coordinates()), np.asarray(mesh.get_array())
            for row, heights in zip(places.tolist(), values.reshape(places.shape[:2]).tolist(), strict=True):
                for (x, y), value in zip(row, heights, strict=True):
                    yield _Point(panel, "", x, y, value=value)


def _bars(
    bars: BarContainer,
    panel: str,
    across: Callable[[float], Value],
    up: Callable[[float], Value],
    intervals: Mapping[tuple[str, float], tuple[float, float]],
) -> Iterator[_Point]:
    name = _series(bars) or ""
    for bar in bars.patches:
        x, y = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
        if bars.orientation == "vertical":
            yield _Point(panel, name, across(x), bar.get_height(), ends=intervals.get((name, round(x, 6))))
        else:
            ends = intervals.get((name, round(y, 6)))
            yield _Point(panel, name, bar.get_width(), up(y), ends=ends)


def _series(artist: Any) -> str | None:
    """The label of what is drawn; None where it has none, as a line of the grid has."""
    label = str(artist.get_label() or "")
    return None if not label or _UNNAMED.fullmatch(label) else label.removeprefix("_")


def _intervals(axes: Axes) -> Iterator[tuple[tuple[str, float], tuple[float, float]]]:
    """(series, place) → ends, of the bands and lines that are marked as intervals."""
    for line in axes.get_lines():
        if line.get_gid() == INTERVAL:
            (x, y), (other, top) = np.asarray(line.get_xydata()).tolist()[:2]
            name = _series(line) or ""
            yield ((name, x), (y, top)) if x == other else ((name, y), (x, other))
    for band in axes.collections:
        if isinstance(band, PolyCollection) and band.get_gid() == INTERVAL:
            ends: dict[float, list[float]] = {}
            for x, y in np.asarray(band.get_paths()[0].vertices).tolist():
                ends.setdefault(x, []).append(y)
            for x, heights in ends.items():
                yield (_series(band) or "", x), (min(heights), max(heights))


def _said(axis: Axis) -> Callable[[float], Value]:
    """What a place on an axis is called: the words that stand there, where the axis has words."""
    formatter = axis.get_major_formatter()
    if isinstance(formatter, TickLabels):
        return formatter
    if not (isinstance(formatter, FuncFormatter) and isinstance(formatter.func, partial)):
        return lambda place: place  # only words that were given with their places are kept in a partial
    places = [float(place) for place in axis.get_ticklocs()]
    names = {round(place, 9): name for place, name in zip(places, formatter.format_ticks(places), strict=True)}
    return lambda place: names.get(round(place, 9), place)
