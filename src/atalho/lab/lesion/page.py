"""What `lab lesion` found: the accuracy without each block as bars and on the drawings, then without several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from atalho.lab.lesion.result import Lesion, LesionMeasured, LesionSeries, LesionSettings
from atalho.lab.shared import painted, words
from atalho.lab.shared.result import Picture, Result, Table
from atalho.report.canvas import INK, LINE, MUTED, panel, percents
from atalho.report.drawing import Scale
from atalho.report.figure_data import label_of_interval
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, interval, percent, whole, with_interval


@dataclass(frozen=True, repr=False)
class LesionResult(Result):
    """What `lab lesion` found."""

    NAME = "lesion"
    TITLE = N_("What a block contributes")
    CLAIM = N_(
        "A residual network barely suffers from losing one block, because the shortcut still carries "
        "what came before; a plain network collapses without one."
    )
    settings: LesionSettings
    measured: LesionMeasured

    @property
    def series(self) -> tuple[LesionSeries, ...]:
        """The networks."""
        return self.measured.series

    def pictures(self) -> Mapping[str, Picture]:
        """Accuracy without each block, also on the networks; with several removed at random; with swapped ones."""
        series = [one for one in self.series if one.whole]
        if not series:
            return {}
        pictures: dict[str, Picture] = {_("Accuracy without each block"): _singles(series, self)}
        losses = [_losses(one, self.measured.chance) for one in series]
        if any(losses):
            scale = Scale(_("fraction of the accuracy above chance lost without the block"), 0.0, 1.0)
            networks = [(one.name, one.spec, loss) for one, loss in zip(series, losses, strict=True)]
            pictures[_("What each block contributes, on the network")] = painted.painted(
                networks, self.measured.side, scale
            )
        if any(one.random for one in series):
            pictures[_("Several blocks removed at random")] = _at_random(series, self)
        if any(one.swaps() for one in series):
            pictures[_("Neighbours swapped")] = _panels(series, self, 0.1, swaps=True)
        return pictures

    def captions(self) -> Mapping[str, str]:
        return {
            _("Accuracy without each block"): _(
                "Each bar is the accuracy without that block. Bars near the dashed line above: the network barely "
                "misses it. Bars at the line below: without it, the network guesses. Blue: with shortcuts; amber: "
                "without; grey: silenced."
            ),
            _("What each block contributes, on the network"): _(
                "The lighter a block, the more of the accuracy above chance is lost without it."
            ),
            _("Several blocks removed at random"): _(
                "Each point is one random choice of blocks, the line their mean. A curve that falls slowly belongs to "
                "a network whose blocks work like a committee. Blue: with shortcuts; amber: without."
            ),
            _("Neighbours swapped"): _(
                "Each bar is the accuracy with two neighbouring blocks in the other order. The nearer to the dashed "
                "line above, the less their order matters."
            ),
        }

    def tables(self) -> Mapping[str, Table]:
        """The medians, and every block."""
        series = [one for one in self.series if one.whole]
        columns: dict[str, Callable[[LesionSeries], str]] = {
            _("network"): lambda one: one.name,
            _("accuracy"): lambda one: with_interval(one.accuracy, one.whole.interval if one.whole else None),
            _("accuracy lost without one block"): lambda one: words.estimate(one.median_drop, "percent"),
            _("fraction of the accuracy above chance"): lambda one: words.estimate(one.median_lost, "percent"),
            _("accuracy lost by a swap"): lambda one: words.estimate(one.median_swap, "percent"),
        }
        text = _(
            "Accuracy on {images} test images, with Wilson's {level} interval. The accuracy lost is the "
            "median over the {blocks}, or over the swaps; its interval comes from resampling the images "
            "2,000 times (bootstrap), with the same samples for all blocks. The blocks are all that exist, "
            "so they are not resampled."
        )
        can = any(row.kind == "remove" for one in series for row in one.rows)
        blocks = _("removable blocks") if can else _("silenced blocks")
        note = text.format(blocks=blocks, images=whole(self.settings.measured_on.images), level=percent(LEVEL, 0))
        tables = {_("What a block contributes"): Table.of(series, columns, note)}
        return tables | {_("Block by block: {name}").format(name=one.name): _blocks(one) for one in series}

    def method(self) -> str:
        """What was cut, and what was not touched."""
        series = self.series
        texts = [
            _(
                "Each block of the trained network is removed in turn: its input goes straight to the next "
                "block, and everything else, including batch norm statistics, stays the same; nothing is "
                "retrained. The cut is the same with and without shortcuts. Blocks that change the shape cannot "
                "be removed; if they have a shortcut, their residual branch is silenced."
            )
        ]
        if any(one.random for one in series):
            several = _("Then several blocks are removed at random, {draws} times for each number.")
            texts.append(several.format(draws=whole(self.settings.draws)))
            if len(series) > 1 and all(one.blocks == series[0].blocks for one in series):
                texts.append(_("The same blocks are removed in both networks."))
        if any(one.swaps() for one in series):
            texts.append(_("Finally, each pair of neighbours with the same shape is swapped."))
        return " ".join(texts)

    def remarks(self) -> Sequence[str]:
        """Which networks have nothing to lose, and in what they differ."""
        text = _("{name} is no better than chance on these images, so it has nothing to lose.")
        guessing = [
            text.format(name=one.name)
            for one in self.series
            if one.whole and one.whole.interval[0] <= self.measured.chance
        ]
        return [*guessing, *self.settings.compared.remarks(len(self.series))]


def _panels(series: Sequence[LesionSeries], result: LesionResult, margin: float, *, swaps: bool) -> Figure:
    """A panel of bars for each network: without each block, or with each two neighbours swapped."""
    figure = Figure(figsize=(7.6, 2.3 * len(series) + margin), layout="constrained")
    panels = figure.subplots(len(series), 1, squeeze=False, sharey=True)[:, 0]
    for axes, one in zip(panels, series, strict=True):
        for row in one.swaps() if swaps else one.singles():
            colour = MUTED if row.kind == "silence" else painted.colour_of(one.shortcuts)
            _bar(axes, one.blocks.index(row.names[0]) + (0.5 if swaps else 0), row, colour)
        painted.block_axis(axes, one.blocks)
        if swaps:
            axes.set_xlabel(_("between the swapped blocks"))
        painted.level(axes, one.accuracy, _("intact"), INK)
        painted.level(axes, result.measured.chance, _("chance"))
        _accuracies(axes)
        axes.set_title(one.name, loc="left", fontsize=10, color=INK, pad=14)
    return figure


def _singles(series: Sequence[LesionSeries], result: LesionResult) -> Figure:
    figure = _panels(series, result, 0.3, swaps=False)
    if {row.kind for one in series for row in one.singles()} == {"silence", "remove"}:
        text = _(
            "silenced: the shape changes here, so only the shortcut is left (without a shortcut, nothing is: no bar)"
        )
        figure.legend(handles=[Patch(color=MUTED, alpha=0.55, label=text)], loc="outside lower center", fontsize=8.5)
    return figure


def _bar(axes: Axes, place: float, row: Lesion, colour: str) -> None:
    """A bar with its interval."""
    axes.bar(place, row.accuracy, width=0.74, color=colour, alpha=0.55, linewidth=0, label="_")
    named = label_of_interval("")
    axes.plot([place, place], row.interval, color=colour, linewidth=1.5, solid_capstyle="butt", **named)


def _at_random(series: Sequence[LesionSeries], result: LesionResult) -> Figure:
    """Accuracy by the number of blocks that are gone: every draw as a point, the mean and its interval."""
    figure, axes = panel(6.2, 3.3)
    for one in series:
        colour = painted.colour_of(one.shortcuts)
        means = [one.accuracy, *(sum(row.values) / len(row.values) for row in one.random)]
        counts = [0, *(row.count for row in one.random)]
        axes.plot(counts, means, "o-", color=colour, linewidth=1.8, markersize=4, label=one.name)
        for row in one.random:
            axes.scatter([row.count] * len(row.values), row.values, s=9, color=colour, alpha=0.45, linewidths=0)
            if row.interval:
                ends = [min(1.0, max(0.0, end)) for end in row.interval]
                named = label_of_interval(one.name)
                axes.plot([row.count] * 2, ends, color=colour, linewidth=1.4, alpha=0.7, **named)
    painted.level(axes, result.measured.chance, _("chance"))
    axes.set_xlabel(_("blocks removed"))
    axes.set_xticks(sorted({0, *(row.count for one in series for row in one.random)}))
    _accuracies(axes)
    axes.legend(loc="upper right")
    return figure


def _accuracies(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    percents(axes.yaxis)
    axes.set_ylabel(_("accuracy"))
    axes.spines.left.set_color(LINE)


def _losses(one: LesionSeries, chance: float) -> dict[str, float]:
    """The share of the accuracy above chance that each block is worth, by its name."""
    above = one.accuracy - chance
    if above <= 0:
        return {}
    return {row.names[0]: (one.accuracy - row.accuracy) / above for row in one.singles()}


def _blocks(one: LesionSeries) -> Table:
    kinds = {"remove": _("removed"), "silence": _("silenced")}
    columns: dict[str, Callable[[Lesion], str]] = {
        _("block"): lambda row: f"{whole(one.blocks.index(row.names[0]) + 1)}\u00a0·\u00a0{row.names[0]}",
        _("lesion"): lambda row: kinds[row.kind],
        _("accuracy"): lambda row: percent(row.accuracy),
        _("interval"): lambda row: interval(row.interval),
        _("accuracy lost"): lambda row: percent(one.accuracy - row.accuracy),
    }
    return Table.of(one.singles(), columns, numbers_from=2)
