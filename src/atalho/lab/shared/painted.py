"""What the figures of several experiments draw alike: curves with bands, levels, axes of shares and of blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator

from atalho.lab.shared.verdict import Interval
from atalho.networks.spec import Spec
from atalho.report.canvas import AMBER, BLUE, INK, MUTED
from atalho.report.drawing import NetworkToDraw, Scale, draw
from atalho.report.figure_data import TickLabels, label_of_interval
from atalho.report.markup import Html
from atalho.text import _

DASHED: Final = (0, (4, 3))


def colour_of(shortcuts: bool) -> str:
    """Networks with shortcuts are blue, those without amber."""
    return BLUE if shortcuts else AMBER


def curve(
    axes: Axes, across: Sequence[float], points: Sequence[Interval], colour: str, band: float = 0.18, **line: Any
) -> None:
    """Means as a line and, where all points have an interval, a band of the opacity `band`; `line` has its label."""
    axes.plot(across, [point.mean for point in points], color=colour, **line)
    ends = [point.ends for point in points if point.ends is not None]
    if len(ends) == len(points):
        lows, highs = zip(*ends, strict=True)
        named = label_of_interval(str(line["label"]).removeprefix("_"))
        axes.fill_between(across, lows, highs, color=colour, alpha=band, linewidth=0, **named)


def upright(axes: Axes, place: float, point: Interval, colour: str, width: float, series: str) -> None:
    """The interval of a point of `series` as an upright line, where there is one."""
    if point.ends is not None:
        axes.plot([place, place], point.ends, color=colour, linewidth=width, **label_of_interval(series))


def level(axes: Axes, height: float, text: str, colour: str = MUTED) -> None:
    """A dashed line across, named at its right end."""
    axes.axhline(height, color=colour, linewidth=1, linestyle=DASHED)
    axes.annotate(
        text, (1, height), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
        va="center", fontsize=8, color=MUTED,
    )  # fmt: skip


def round_ticks(axis: Axis) -> None:
    """At most six ticks, at round numbers."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


@dataclass(frozen=True)
class Painting:
    """Networks beside each other with values on their blocks, all on one scale."""

    networks: Sequence[NetworkToDraw]
    scale: Scale

    @property
    def drawn(self) -> Html:
        """With every block."""
        return draw(self.networks, legend=self.scale, unfold=True)

    def __str__(self) -> str:
        return str(self.drawn)


def painted(networks: Sequence[tuple[str, Spec, Mapping[str, float]]], side: int | None, scale: Scale) -> Painting:
    """The painting of networks, given as (name, specification, values by block)."""
    return Painting([NetworkToDraw(spec.plan(), name, side, values) for name, spec, values in networks], scale)


def block_axis(axes: Axes, names: Sequence[str]) -> None:
    """Number the blocks from 1 and mark where a stage begins. `names` are the blocks' at the places 0, 1, …"""
    stages = [name.split(".")[1] for name in names]
    for place in range(1, len(names)):
        if stages[place] != stages[place - 1]:
            axes.axvline(place - 0.5, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0.5)
    for stage in dict.fromkeys(stages):
        first, last = stages.index(stage), len(stages) - 1 - stages[::-1].index(stage)
        axes.annotate(
            _("stage {n}").format(n=int(stage) + 1), ((first + last) / 2, 1), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8, color=MUTED,
        )  # fmt: skip
    step = max(1, -(-len(names) // 14))
    places = range(0, len(names), step)
    axes.set_xticks(places)
    axes.xaxis.set_major_formatter(TickLabels())
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.set_xlabel(_("block"), color=INK)
    axes.grid(visible=False, axis="x")
