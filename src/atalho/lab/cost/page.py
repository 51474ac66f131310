"""How `lab cost` is shown: a panel of bars for each cost, the same networks in each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from atalho.lab.shared.drawing import Drawing, Picture, Table
from atalho.report.canvas import AMBER, BLUE, INK, MUTED
from atalho.report.run_files import Json
from atalho.text import N_, _
from atalho.text.numbers import number, nwhole, significant

_COSTS: Final = {
    "parameters": (N_("parameters (millions)"), 1e-6),
    "multiply_adds": (N_("multiply–adds (10⁹)"), 1e-9),
    "activation_bytes": (N_("kept for backward (MB)"), 1e-6),
    "training_seconds": (N_("training step (ms)"), 1e3),
    "inference_seconds": (N_("inference (ms)"), 1e3),
}


def _method(result: Json) -> str:
    s = result["settings"]
    times = [costs["training_seconds"] for costs in result["measured"]["models"].values()]
    rounds = max((len(one["values"]) for one in times if one is not None), default=0)
    known = any(one is not None and one["low"] is not None for one in times)
    return _(
        "All networks took images of {side} × {side} pixels in batches of {batch}, on {precision}, {threads}. "
        "Parameters, multiply–adds and what is kept for the backward pass (in fp32) are counted. Times are medians of "
        "{rounds}, {intervals}; each round took every network in turn, after a step of each to warm up."
    ).format(
        side=s["side"], batch=s["batch"], precision=s["precision"],
        threads=nwhole("{n} thread", "{n} threads", s["threads"]),
        rounds=nwhole("{n} round", "{n} rounds", rounds),
        intervals=_("with 95 per cent intervals") if known else _("too few for an interval"),
    )  # fmt: skip


def _bars(axes: Any, models: Mapping[str, Json], kinds: Mapping[str, str], cost: str) -> None:
    title, unit = _COSTS[cost]
    names = [name for name in reversed(list(models)) if models[name][cost] is not None]
    most = max((models[name][cost]["median"] * unit for name in names), default=1.0)
    for place, name in enumerate(names):
        value = models[name][cost]
        x = value["median"] * unit
        axes.barh(place, x, height=0.62, color=AMBER if kinds[name] == "other" else BLUE)
        end = x
        if value["low"] is not None and value["low"] != value["high"]:
            end = value["high"] * unit
            axes.plot([value["low"] * unit, end], [place, place], color=INK, linewidth=1.3)
        axes.annotate(_amount(x), (end, place), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.35 * most)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda value, _place: number(value, 0 if most >= 4 else 1))
    axes.set_title(_(title), fontsize=9.5, loc="left", color=MUTED)
    axes.grid(visible=False, axis="y")


def _pictures(result: Json) -> Mapping[str, Picture]:
    models = result["measured"]["models"]
    figure = Figure(figsize=(9.6, 2 * (0.34 * len(models) + 0.85)), layout="constrained")
    places = list(figure.subplots(2, 3).flat)
    for axes, cost in zip(places, _COSTS, strict=False):
        _bars(axes, models, result["settings"]["kinds"], cost)
    for axes in places[len(_COSTS) :]:
        axes.set_visible(False)
    return {_("What each network costs"): figure}


def _amount(value: float) -> str:
    if value < 1:
        return significant(value)
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2)


def _cell(value: Json | None, unit: float) -> str:
    if value is None:
        return "–"
    middle = _amount(value["median"] * unit)
    if value["low"] is None or value["low"] == value["high"]:
        return middle
    return f"{middle} [{_amount(value['low'] * unit)}, {_amount(value['high'] * unit)}]"


def _tables(result: Json) -> Mapping[str, Table]:
    head = [_("network"), *(_(title) for title, _unit in _COSTS.values())]
    rows = [
        [name, *(_cell(costs[cost], unit) for cost, (_title, unit) in _COSTS.items())]
        for name, costs in result["measured"]["models"].items()
    ]
    return {_("What each network costs"): Table(head, rows, _("All but the parameters are for one image."))}


def _remarks(result: Json) -> Sequence[str]:
    if result["verdict"]["comparisons"]:
        return ()
    return (_("Nothing was compared: it takes a residual network and a VGG of torchvision, such as vgg19."),)


DRAWING: Final = Drawing(
    experiment="cost",
    title=N_("What networks cost"),
    claim=N_("A residual network, though deeper, is no more complex to train than a basic VGG."),
    method=_method,
    pictures=_pictures,
    tables=_tables,
    remarks=_remarks,
)
