"""What `lab cost` found: a panel of bars for each cost, the same networks in each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from atalho.lab.cost.result import Cost, CostMeasured, Costs, CostSettings
from atalho.lab.shared import painted
from atalho.lab.shared.result import Picture, Result, Table
from atalho.report.canvas import INK, MUTED
from atalho.report.figure_data import label_of_interval
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, between, number, nwhole, percent, significant

_COSTS: Final[tuple[tuple[str, float, Callable[[Costs], Cost | None]], ...]] = (
    (N_("parameters (millions)"), 1e-6, attrgetter("parameters")),
    (N_("multiply–adds (10⁹)"), 1e-9, attrgetter("multiply_adds")),
    (N_("kept for backward (MB)"), 1e-6, attrgetter("activation_bytes")),
    (N_("training step (ms)"), 1e3, attrgetter("training_seconds")),
    (N_("inference (ms)"), 1e3, attrgetter("inference_seconds")),
)
"""Title, unit and where it is found."""


@dataclass(frozen=True, repr=False)
class CostResult(Result):
    """What `lab cost` found."""

    NAME = "cost"
    TITLE = N_("The cost of networks")
    CLAIM = N_("A residual network, though deeper, is no more complex to train than a basic VGG.")
    settings: CostSettings
    measured: CostMeasured

    @property
    def costs(self) -> dict[str, Costs]:
        """The networks by name, each with its costs."""
        return self.measured.models

    def pictures(self) -> Mapping[str, Picture]:
        figure = Figure(figsize=(9.6, 2 * (0.34 * len(self.costs) + 0.85)), layout="constrained")
        places = list(figure.subplots(2, 3).flat)
        for axes, (title, unit, cost) in zip(places, _COSTS, strict=False):
            values = {name: value for name, costs in self.costs.items() if (value := cost(costs)) is not None}
            _bars(axes, _(title), unit, values, self.settings.kinds)
        for axes in places[len(_COSTS) :]:
            axes.set_visible(False)
        return {_("What each network costs"): figure}

    def captions(self) -> Mapping[str, str]:
        return {
            _("What each network costs"): _(
                "Shorter is cheaper. Blue: residual and dense networks; amber: the others. Parameters alone say "
                "little: compare the panels, above all the training step. Thin lines are intervals."
            )
        }

    def tables(self) -> Mapping[str, Table]:
        head = [_("network"), *(_(title) for title, _unit, _cost in _COSTS)]
        rows = [
            [name, *(_cell(cost(costs), unit) for _title, unit, cost in _COSTS)] for name, costs in self.costs.items()
        ]
        return {_("What each network costs"): Table(head, rows, _("All values except the parameters are per image."))}

    def method(self) -> str:
        s = self.settings
        times = [costs.training_seconds for costs in self.costs.values()]
        rounds = max((len(one.values or ()) for one in times if one is not None), default=0)
        known = any(one is not None and one.low is not None for one in times)
        intervals = (
            _("with {level} intervals").format(level=percent(LEVEL, 0)) if known else _("too few for an interval")
        )
        return _(
            "All networks were given images of {side} × {side} pixels in batches of {batch}, on {precision}, "
            "with {threads}. Parameters, multiply–adds and memory kept for the backward pass (in fp32) are "
            "counted. Times are medians of {rounds}, {intervals}; each round measured the networks in turn, "
            "after one warm-up step each."
        ).format(
            side=s.side,
            batch=s.batch,
            precision=s.precision,
            threads=nwhole("{n} thread", "{n} threads", s.threads),
            rounds=nwhole("{n} round", "{n} rounds", rounds),
            intervals=intervals,
        )

    def remarks(self) -> Sequence[str]:
        text = _("Nothing was compared: the comparison needs a residual network and a torchvision VGG, such as vgg19.")
        return () if self.verdict.comparisons else (text,)


def _bars(axes: Any, title: str, unit: float, values: Mapping[str, Cost], kinds: Mapping[str, str]) -> None:
    names = list(values)[::-1]
    most = max((value.median * unit for value in values.values()), default=1.0)
    for place, name in enumerate(names):
        value = values[name]
        x = end = value.median * unit
        axes.barh(place, x, height=0.62, color=painted.colour_of(kinds[name] in ("residual", "dense")), label="_")
        if value.ends is not None:
            low, end = (unit * of for of in value.ends)
            axes.plot([low, end], [place, place], color=INK, linewidth=1.3, **label_of_interval(""))
        axes.annotate(_amount(x), (end, place), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.35 * most)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, 0 if most >= 4 else 1))
    axes.set_title(title, fontsize=9.5, loc="left", color=MUTED)
    axes.grid(visible=False, axis="y")


def _amount(value: float) -> str:
    if value < 1:
        return significant(value)
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)


def _cell(value: Cost | None, unit: float) -> str:
    if value is None:
        return "–"
    middle = _amount(value.median * unit)
    return middle if value.ends is None else f"{middle} {between(*(_amount(end * unit) for end in value.ends))}"
