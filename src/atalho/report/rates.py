"""The figure of false accepts and rejects over the similarity, with their intervals and the threshold; no torch."""

from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from atalho.report.canvas import AMBER, BLUE, INK, MUTED, panel
from atalho.storage.run_folder import Json
from atalho.text import _
from atalho.text.numbers import number, percent

_DECADES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def rates(found: Json) -> Figure:
    """False accepts and false rejects over the similarity with their intervals; where the threshold stands."""
    figure, axes = panel(5.6, 4.0)
    curve = found["curve"]
    floor = _floor(curve, found["wanted_far"])
    for name, colour, label in (("far", AMBER, _("false accepts")), ("frr", BLUE, _("false rejects"))):
        low, high, middle = (
            [max(value, floor) for value in curve[key]] for key in (f"{name}_low", f"{name}_high", name)
        )
        axes.fill_between(curve["thresholds"], low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(curve["thresholds"], middle, color=colour, linewidth=1.8, label=label)
    axes.axhline(found["wanted_far"], color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label=_("wanted"))
    if found["threshold"] is not None:
        label = _("threshold")
        axes.axvline(found["threshold"]["similarity"], color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label=label)
    _logarithmic(axes, floor)
    axes.set_xlabel(_("similarity"))
    axes.set_xlim(curve["thresholds"][0], curve["thresholds"][-1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: number(value, 1)))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=4, columnspacing=1.2, handlelength=1.6)
    return figure


def _floor(curve: Json, wanted: float) -> float:
    """The lowest decade that is drawn: a rate of one in all pairs, and the wanted one, stand above it."""
    least = min([wanted, *(value for value in (*curve["far"], *curve["frr"]) if value > 0)])
    return next((decade for decade in reversed(_DECADES[:-1]) if decade < least), _DECADES[0])


def _logarithmic(axes: Axes, floor: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(floor, 1.15)
    ticks = [decade for decade in _DECADES if decade >= floor]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    digits = {1e-4: 2, 1e-3: 1}
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: percent(value, digits.get(value, 0))))
