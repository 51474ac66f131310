"""What `lab gradients` found: the gradient at every block as curves and on the drawings, its likeness, its paths."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from atalho.lab.gradients.result import GradientsMeasured, GradientsSeries, GradientsSettings, Moment
from atalho.lab.gradients.series import LINES, START, TRAINED
from atalho.lab.shared import painted, trained, words
from atalho.lab.shared.result import Picture, Result, Table
from atalho.lab.shared.verdict import Interval
from atalho.report.canvas import INK, panel, percents
from atalho.report.drawing import Scale
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, number, nwhole, percent, whole


@dataclass(frozen=True, repr=False)
class GradientsResult(Result):
    """What `lab gradients` found."""

    NAME = "gradients"
    TITLE = N_("The highway for gradients")
    CLAIM = N_("The shortcuts are a highway through which gradients flow unhindered back to the first blocks.")
    settings: GradientsSettings
    measured: GradientsMeasured

    @property
    def series(self) -> tuple[GradientsSeries, ...]:
        """The networks."""
        return self.measured.series

    def pictures(self) -> Mapping[str, Picture]:
        """Strength by block and likeness, at the beginning and the end; the highway on the drawings, and the rest."""
        measured = [one for one in self.series if one.moments]
        if not measured:
            return {}
        moments = _ends(measured)
        pictures: dict[str, Picture] = {_("The gradient at every block"): _main(measured, moments)}
        for moment in moments:
            title = _("The highway: {moment}").format(moment=_when(moment))
            pictures[title] = _highway(measured, moment, self.measured.side)
        if any(figures.paths for one in measured for figures in one.moments.values()):
            pictures[_("The gradient by path length")] = _paths(measured, moments)
        if any(len(one.moments) > 2 for one in measured):
            pictures[_("During training")] = _along(measured)
        return pictures

    def captions(self) -> Mapping[str, str]:
        highway = _(
            "Each block has the colour of the gradient that reaches its input, relative to the last block. One colour "
            "from bottom to top means that the gradient arrives undiminished."
        )
        titles = [_("The highway: {moment}").format(moment=_when(at)) for one in self.series for at in one.moments]
        return dict.fromkeys(titles, highway) | {
            _("The gradient at every block"): _(
                "Left: a flat curve means that the gradient reaches the first block as strong as the last; a steep "
                "one, that it grows or fades on the way. Right: the slower a curve falls, the more alike are the "
                "gradients of similar inputs. Blue: with shortcuts; amber: without."
            ),
            _("The gradient by path length"): _(
                "Most of the gradient comes along paths where the curves are high: usually short ones, through few of "
                "the residual branches."
            ),
            _("During training"): _(
                "At 1, the gradient is as strong at the first block as at the last. Bands are intervals over seeds."
            ),
        }

    def tables(self) -> Mapping[str, Table]:
        """The ratio of the first block to the last, by what enters and by weights; likeness; lengths of paths."""
        level = percent(LEVEL, 0)
        columns: dict[str, Callable[[tuple[str, str, Moment]], str]] = {
            _("network"): lambda row: row[0],
            _("when"): lambda row: _when(row[1]),
            _("first block / last block: gradient"): lambda row: words.estimate(row[2].ratio, "number"),
            _("the same for the weights"): lambda row: words.estimate(row[2].ratio_weights, "number"),
            _("cosine between neighbours"): lambda row: words.estimate(row[2].neighbour, "number"),
            _("branches on paths with {level} of the gradient").format(level=level): lambda row: _lengths(row[2]),
        }
        rows = [(one.name, moment, at) for one in self.series for moment, at in one.moments.items()]
        return {_("Gradient at the first block"): Table.of(rows, columns, _note(self.settings), numbers_from=2)}

    def method(self) -> str:
        """What was measured and how."""
        series, batch = self.series, self.settings.batch
        texts = [
            _(
                "Each network is given {batch} training images; batch norm uses the batch statistics, as in "
                "training. At every block, the gradient of each image's own loss with respect to the block's "
                "input is measured; its norm is averaged over the images as a root mean square. Similarity is "
                "the cosine between the gradients of one logit at inputs on a straight line between two images, "
                "over {lines} (after Balduzzi et al. 2017)."
            ).format(batch=whole(batch), lines=nwhole("{n} line", "{n} lines", min(LINES, batch // 2)))
        ]
        if any(one.shortcuts for one in series):
            texts.append(
                _(
                    "The fraction by path length is the mean norm over sampled paths through k residual branches, "
                    "times the number of such paths (Veit et al. 2016)."
                )
            )
        if len(series) > 1:
            texts.append(_("With the same seed, a network and its plain twin have the same initial weights."))
        recipe = self.settings.recipe
        if recipe:
            trained = _("The networks are trained for {epochs} on {images} images, in the same order.")
            epochs = nwhole("{n} epoch", "{n} epochs", recipe.epochs)
            texts.append(trained.format(epochs=epochs, images=whole(recipe.images)))
        return " ".join(texts)

    def remarks(self) -> Sequence[str]:
        """Why nothing was compared, if so, and in what the networks differ."""
        s = self.settings
        return [
            *trained.not_compared(self.verdict, (one.shortcuts for one in self.series)),
            *s.compared.remarks(len(self.series), alike=s.recipe is not None),
        ]


def _ends(measured: Sequence[GradientsSeries]) -> list[str]:
    """The first moment and the last."""
    moments = list(dict.fromkeys(moment for one in measured for moment in one.moments))
    return list(dict.fromkeys([moments[0], moments[-1]]))


def _when(moment: str) -> str:
    if moment == START:
        return _("at initialisation")
    if moment == TRAINED:
        return _("after training")
    return _("after epoch {n}").format(n=whole(int(moment.removeprefix("epoch"))))


def _main(measured: Sequence[GradientsSeries], moments: Sequence[str]) -> Figure:
    figure = Figure(figsize=(8.6, 2.95 * len(moments)), layout="constrained")
    grid = figure.subplots(len(moments), 2, squeeze=False, gridspec_kw={"width_ratios": (1.5, 1)})
    for (left, right), moment in zip(grid, moments, strict=True):
        _strength(left, measured, moment)
        _likeness(right, measured, moment)
    for column in (0, 1):
        _same_heights([row[column] for row in grid])
    return figure


def _same_heights(column: Sequence[Axes]) -> None:
    ends = [axes.get_ylim() for axes in column]
    for axes in column:
        axes.set_ylim(min(low for low, _high in ends), max(high for _low, high in ends))


def _strength(axes: Axes, measured: Sequence[GradientsSeries], moment: str) -> None:
    """Norms relative to the last block's, because training changes them all: what counts is what arrives."""
    names: Sequence[str] = ()
    for one, at in _at(measured, moment):
        names = at.blocks
        _curve(axes, range(len(names)), at.relative, one)
    _factors(axes)
    painted.block_axis(axes, names)
    axes.set_ylabel(_("gradient, last block = 1"))
    axes.set_title(_when(moment), loc="left", fontsize=10, color=INK, pad=14)
    axes.legend(loc="upper right")


def _likeness(axes: Axes, measured: Sequence[GradientsSeries], moment: str) -> None:
    for one, at in _at(measured, moment):
        shares = [place / (len(at.cosines) - 1) for place in range(len(at.cosines))]
        _curve(axes, shares, at.cosines, one)
    axes.set_xlim(0, 0.5)
    axes.set_ylim(-0.1, 1.02)
    axes.set_xlabel(_("distance of the inputs (1: another image)"))
    axes.set_ylabel(_("cosine of the gradients"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _place: number(value, 1))
    axes.legend(loc="upper right")


def _curve(
    axes: Axes, across: Sequence[float], points: Sequence[Interval], one: GradientsSeries, mark: str = ""
) -> None:
    colour = painted.colour_of(one.shortcuts)
    painted.curve(axes, across, points, colour, marker=mark, linewidth=1.9, markersize=4, label=one.name)


def _factors(axes: Axes) -> None:
    """A logarithmic axis of factors, with a line at 1."""
    axes.axhline(1, color=INK, linewidth=0.8, linestyle=painted.DASHED)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _place: _plain(value))


def _highway(measured: Sequence[GradientsSeries], moment: str, side: int) -> Picture:
    """Every block in the colour of what enters it of the gradient, relative to the last block."""
    networks = [
        (one.name, one.spec, {name: point.mean for name, point in zip(at.blocks, at.relative, strict=True)})
        for one, at in _at(measured, moment)
    ]
    every = {f"{name} {block}": value for name, _spec, values in networks for block, value in values.items()}
    scale = Scale.over(every, _("gradient at the block's input, last block = 1"), logarithmic=True)
    return painted.painted(networks, side, scale)


def _paths(measured: Sequence[GradientsSeries], moments: Sequence[str]) -> Figure:
    figure, axes = panel(6.6, 3.0)
    for moment in moments:
        dashes: Any = "-" if moment == moments[-1] else (0, (3, 2))
        for one, at in _at(measured, moment):
            if at.paths:
                shares, label = at.paths.shares, f"{one.name}, {_when(moment)}"
                colour = painted.colour_of(one.shortcuts)
                axes.plot(range(len(shares)), shares, color=colour, linestyle=dashes, linewidth=1.8, label=label)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(_("residual branches on the path"))
    axes.set_ylabel(_("fraction of the gradient"))
    percents(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(loc="upper right")
    return figure


def _along(measured: Sequence[GradientsSeries]) -> Figure:
    figure, axes = panel(6.6, 3.0)
    for one in measured:
        _curve(axes, range(len(one.moments)), [at.ratio for at in one.moments.values()], one, "o")
    _factors(axes)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel(_("epochs trained"))
    axes.set_ylabel(_("gradient at the first block, last block = 1"))
    axes.legend(loc="upper right")
    return figure


def _at(measured: Sequence[GradientsSeries], moment: str) -> list[tuple[GradientsSeries, Moment]]:
    """The networks that were seen at a moment, with their figures there."""
    return [(one, one.moments[moment]) for one in measured if moment in one.moments]


def _lengths(at: Moment) -> str:
    if at.paths is None:
        return "–"
    low, high = at.paths.middle
    return _("{low} to {high} of {n}").format(low=low, high=high, n=len(at.blocks))


def _plain(value: float) -> str:
    """A factor: 10,000 or 0.01."""
    digits = max(0, -math.floor(math.log10(value))) if 0 < value < 1 else 0
    return number(value, digits)


def _note(settings: GradientsSettings) -> str:
    """What the figures of the table are, and what their intervals are over."""
    seeds = nwhole("{n} seed", "{n} seeds", settings.seeds)
    over = _("over {seeds}").format(seeds=seeds)
    if settings.compared.trained:
        over = _("over {seeds} and, for trained runs, over batches of {batch} images").format(
            seeds=seeds, batch=whole(settings.batch)
        )
    return _(
        "First block / last block: the norm of the loss gradient at the input of the first block, "
        "divided by that at the last block; then the same for the weights of the residual branches. In "
        "brackets: {level} intervals {over}; ratios are geometric means. Neighbours are inputs 1/32 of "
        "the way from one image to another apart."
    ).format(level=percent(LEVEL, 0), over=over)
