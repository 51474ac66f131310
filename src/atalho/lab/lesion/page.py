"""How `lab lesion` is shown: the accuracy without each block as bars and on the drawings, then without several."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from atalho.lab.lesion.result import Lesion, LesionResult, LesionSeries
from atalho.lab.shared import twins, words
from atalho.lab.shared.page import Page, Picture, Table
from atalho.lab.shared.painted import block_axis, painted
from atalho.lab.shared.verdict import Interval
from atalho.report.canvas import AMBER, BLUE, INK, LINE, MUTED
from atalho.report.drawing import Scale
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, interval, percent, whole


def pictures(result: LesionResult) -> Mapping[str, Picture]:
    """Accuracy without each block; painted on the networks; with several removed at random; with neighbours swapped."""
    series = [one for one in result.series if one.whole]
    if not series:
        return {_("Accuracy without each block"): Figure(figsize=(3, 1))}
    found: dict[str, Picture] = {_("Accuracy without each block"): _singles(series, result)}
    losses = [_losses(one, result.measured.chance) for one in series]
    if any(losses):
        scale = Scale(_("share of the accuracy above chance that is lost without the block"), 0.0, 1.0)
        networks = [(one.name, one.spec, loss) for one, loss in zip(series, losses, strict=True)]
        found[_("What each block is worth, on the network")] = painted(networks, result.measured.side, scale)
    if any(one.random for one in series):
        found[_("Several blocks removed at random")] = _at_random(series, result)
    if any(row.kind == "swap" for one in series for row in one.rows):
        found[_("Neighbours swapped")] = _swaps(series, result)
    return found


def _singles(series: Sequence[LesionSeries], result: LesionResult) -> Figure:
    figure = Figure(figsize=(7.6, 2.3 * len(series) + 0.3), layout="constrained")
    panels = figure.subplots(len(series), 1, squeeze=False, sharey=True)[:, 0]
    for axes, one in zip(panels, series, strict=True):
        for row in _singly(one):
            colour = _colour(one) if row.kind == "remove" else MUTED
            _bar(axes, one.blocks.index(row.names[0]), row, colour)
        block_axis(axes, one.blocks)
        _levels(axes, one, result)
        axes.set_title(one.name, loc="left", fontsize=10, color=INK, pad=14)
    kinds = {row.kind for one in series for row in _singly(one)}
    if kinds == {"silence", "remove"}:
        text = _("silenced: the shape changes here, and only the shortcut is left (without one, nothing: no bar)")
        figure.legend(handles=[Patch(color=MUTED, alpha=0.55, label=text)], loc="outside lower center", fontsize=8.5)
    return figure


def _swaps(series: Sequence[LesionSeries], result: LesionResult) -> Figure:
    figure = Figure(figsize=(7.6, 2.3 * len(series) + 0.1), layout="constrained")
    panels = figure.subplots(len(series), 1, squeeze=False, sharey=True)[:, 0]
    for axes, one in zip(panels, series, strict=True):
        for row in one.rows:
            if row.kind == "swap":
                _bar(axes, one.blocks.index(row.names[0]) + 0.5, row, _colour(one))
        block_axis(axes, one.blocks)
        axes.set_xlabel(_("between the blocks that changed places"))
        _levels(axes, one, result)
        axes.set_title(one.name, loc="left", fontsize=10, color=INK, pad=14)
    return figure


def _bar(axes: Axes, place: float, row: Lesion, colour: str) -> None:
    """A bar with its interval."""
    axes.bar(place, row.accuracy, width=0.74, color=colour, alpha=0.55, linewidth=0)
    axes.plot([place, place], row.interval, color=colour, linewidth=1.5, solid_capstyle="butt")


def _at_random(series: Sequence[LesionSeries], result: LesionResult) -> Figure:
    """Accuracy by the number of blocks that are gone: every draw as a point, the mean and its interval."""
    figure = Figure(figsize=(6.2, 3.3), layout="constrained")
    axes = figure.subplots()
    for one in series:
        colour = _colour(one)
        means = [one.accuracy, *(sum(row.values) / len(row.values) for row in one.random)]
        counts = [0, *(row.count for row in one.random)]
        axes.plot(counts, means, "o-", color=colour, linewidth=1.8, markersize=4, label=one.name)
        for row in one.random:
            axes.scatter([row.count] * len(row.values), row.values, s=9, color=colour, alpha=0.45, linewidths=0)
            if row.interval:
                ends = [min(1.0, max(0.0, end)) for end in row.interval]
                axes.plot([row.count] * 2, ends, color=colour, linewidth=1.4, alpha=0.7)
    axes.axhline(result.measured.chance, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlabel(_("blocks removed"))
    axes.set_xticks(sorted({0, *(row.count for one in series for row in one.random)}))
    _percents(axes)
    axes.legend(loc="upper right")
    return figure


def _levels(axes: Axes, one: LesionSeries, result: LesionResult) -> None:
    """The accuracy of the whole network and that of a guess."""
    for level, text in ((one.accuracy, _("whole")), (result.measured.chance, _("chance"))):
        axes.axhline(level, color=INK if text == _("whole") else MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            text, (1, level), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8, color=MUTED,
        )  # fmt: skip
    _percents(axes)


def _percents(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: percent(value, 0)))
    axes.set_ylabel(_("accuracy"))
    axes.spines.left.set_color(LINE)


def _colour(one: LesionSeries) -> str:
    return BLUE if one.shortcuts else AMBER


def _singly(one: LesionSeries) -> list[Lesion]:
    """The rows of single blocks in the order of the network."""
    rows = [row for row in one.rows if row.kind in ("remove", "silence")]
    return sorted(rows, key=lambda row: [int(part) for part in row.names[0].split(".") if part.isdigit()])


def _losses(one: LesionSeries, chance: float) -> dict[str, float]:
    """The share of the accuracy above chance that each block is worth, by its name."""
    above = one.accuracy - chance
    if above <= 0:
        return {}
    return {row.names[0]: (one.accuracy - row.accuracy) / above for row in _singly(one)}


def tables(result: LesionResult) -> Mapping[str, Table]:
    """The medians, and every block."""
    series = [one for one in result.series if one.whole]
    head = (
        _("network"), _("accuracy"), _("lost without a block"), _("of what is above chance"),
        _("lost by a swap"),
    )  # fmt: skip
    rows = [
        (
            one.name,
            f"{percent(one.whole.accuracy)} {interval(one.whole.interval)}",
            *map(_median, (one.median_drop, one.median_lost, one.median_swap)),
        )
        for one in series
        if one.whole is not None
    ]
    text = _(
        "Accuracy on {images} test images, with Wilson's {level} interval. What is lost is the median over the "
        "{blocks}, or over the swaps; its interval comes from drawing the images anew 2,000 times, the same "
        "ones for all blocks. The blocks are all that there are, so they are not drawn anew."
    )
    can = any(row.kind == "remove" for one in series for row in one.rows)
    blocks = _("blocks that can be removed") if can else _("blocks that are silenced")
    note = text.format(blocks=blocks, images=whole(result.settings.measured_on.images), level=percent(LEVEL, 0))
    found = {_("What a block is worth"): Table(head, rows, note)}
    for one in series:
        found[_("Block by block: {name}").format(name=one.name)] = _blocks(one)
    return found


def _blocks(one: LesionSeries) -> Table:
    rows = [
        (row.names[0], _("removed") if row.kind == "remove" else _("silenced"), percent(row.accuracy),
         interval(row.interval), percent(one.accuracy - row.accuracy))
        for row in _singly(one)
    ]  # fmt: skip
    head = (_("block"), _("lesion"), _("accuracy"), _("interval"), _("lost"))
    return Table(head, rows, numbers_from=2)


def _median(value: Interval | None) -> str:
    return "–" if value is None else words.estimate(value, "percent")


def method(result: LesionResult) -> str:
    """What was cut, and what was not touched."""
    series = result.series
    texts = [
        _(
            "Each block of the trained network is removed in turn: what came to it goes to the next one, and "
            "everything else, the statistics of the norms included, stays as it was; nothing is trained again. That is "
            "the same cut with and without shortcuts. Blocks that change the shape cannot be removed; where they have "
            "a shortcut, their residual branch is silenced."
        )
    ]
    if any(one.random for one in series):
        several = _("Then several blocks are removed at random, {draws} times for each number.")
        texts.append(several.format(draws=whole(result.settings.draws)))
        if len(series) > 1 and all(one.blocks == series[0].blocks for one in series):
            texts.append(_("They are the same blocks in both networks."))
    if any(row.kind == "swap" for one in series for row in one.rows):
        texts.append(_("Then each two neighbours of the same shape change places."))
    return " ".join(texts)


def remarks(result: LesionResult) -> Sequence[str]:
    """Which networks have nothing to lose, and in what they differ."""
    text = _("{name} is not better than a guess on these images, so it has nothing to lose.")
    guessing = [
        text.format(name=one.name)
        for one in result.series
        if one.whole and one.whole.interval[0] <= result.measured.chance
    ]
    return [*guessing, *twins.remarks(len(result.series), result.settings.differences, result.settings.trained)]


PAGE: Final = Page(
    title=N_("What a block is worth"),
    claim=N_(
        "A residual network hardly misses any one of its blocks, because the shortcut still carries what came before; "
        "a plain network falls apart without one."
    ),
    method=method,
    pictures=pictures,
    tables=tables,
    remarks=remarks,
)
