"""What `lab depth` found: the errors of every depth over the epochs, with and without shortcuts, and at the end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from atalho.lab.depth.result import DepthMeasured, DepthSeries, DepthSettings
from atalho.lab.shared import painted, words
from atalho.lab.shared.curves import two_seeds
from atalho.lab.shared.result import Result, Table
from atalho.lab.shared.verdict import Interval
from atalho.report.canvas import AMBER, BLUE, INK, MUTED, percents
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, nwhole, percent, whole

_KINDS: Final = {
    "none": N_("plain: no shortcuts"),
    "zero-pad": N_("residual: zero padding"),
    "projection": N_("residual: projections"),
    "identity": N_("residual: identities only"),
}
_TEST: Final = (0, (3, 2))
"""The dashes of test errors."""


@dataclass(frozen=True, repr=False)
class DepthResult(Result):
    """What `lab depth` found."""

    NAME = "depth"
    TITLE = N_("Depth, without and with shortcuts")
    CLAIM = N_(
        "Plain networks get worse as they get deeper, even on their training images; with shortcuts, a "
        "deep network does better, and depth costs less."
    )
    settings: DepthSettings
    measured: DepthMeasured

    @property
    def series(self) -> tuple[DepthSeries, ...]:
        """The networks, each with its errors."""
        return self.measured.series

    def by_kind(self) -> dict[str, list[DepthSeries]]:
        """The networks by their kind of shortcut, plain ones first."""
        kinds = {kind: [one for one in self.series if one.shortcut == kind] for kind in _KINDS}
        return {kind: series for kind, series in kinds.items() if series}

    def pictures(self) -> Mapping[str, Figure]:
        """One figure: a panel for each kind of shortcut, and one of the errors at the end by depth."""
        by_kind = self.by_kind()
        depths = sorted({one.depth for one in self.series})
        columns = len(by_kind) + 1 if len(by_kind) < 4 else 3
        rows = -(-(len(by_kind) + 1) // columns)
        figure = Figure(figsize=(3.35 * columns, 3.1 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        strengths = dict(zip(depths, ramp(len(depths)), strict=True))
        with_shortcuts = [kind for kind in by_kind if kind != "none"]
        colours = {"none": AMBER} | dict(zip(with_shortcuts, (BLUE, INK, MUTED), strict=False))
        for place, (kind, series) in enumerate(by_kind.items()):
            _curves(axes[place], series, colours[kind], strengths)
            axes[place].set_title(_(_KINDS[kind]), fontsize=9.5, color=INK)
            axes[place].tick_params(labelleft=True)  # a narrow page shows each panel by itself
            if place == 0:
                _legends(axes[place], strengths)
        _ends(axes[len(by_kind)], by_kind, depths, colours)
        for spare in axes[len(by_kind) + 1 :]:
            spare.set_axis_off()
        axes[0].set_ylabel(_("error"))
        return {_("Error by depth"): figure}

    def captions(self) -> Mapping[str, str]:
        return {
            _("Error by depth"): _(
                "Amber: without shortcuts; blue and grey: with them. The deeper the network, the stronger its line. "
                "Where the deepest amber line ends above the shallowest, depth did harm; on the right, a falling line "
                "means that depth helped. Bands and upright lines are intervals over seeds."
            )
        }

    def tables(self) -> Mapping[str, Table]:
        """Errors at the end of training with their intervals, and what the networks cost."""
        columns: dict[str, Callable[[DepthSeries], str]] = {
            _("network"): lambda one: one.name,
            _("training error"): lambda one: words.estimate(one.errors.train_error, "percent"),
            _("test error"): lambda one: words.estimate(one.errors.test_error, "percent"),
            _("parameters"): lambda one: whole(one.parameters),
            _("multiply–adds"): lambda one: words.millions(one.multiply_adds),
            _("seeds"): lambda one: whole(len(one.seeds)),
        }
        note = _(
            "Final errors in eval mode, on the {train} training images without augmentation and on {test} "
            "test images. In brackets: {level} intervals over seeds (Student's t)."
        ).format(
            train=whole(self.settings.training.images), test=whole(self.measured.test_images), level=percent(LEVEL, 0)
        )
        return {_("Final errors"): Table.of(chain(*self.by_kind().values()), columns, note)}

    def method(self) -> str:
        """What was done, and what was held equal."""
        return _(
            "Every network is trained for {epochs} on the same {images} images of {size} pixels, with "
            "batches of {batch} and a learning rate that rises to {lr} and falls to zero. For each seed, all "
            "networks see the images in the same order and with the same augmentation, and layers with the "
            "same name have the same initial weights. Plain and residual networks of the same depth have the "
            "same residual branches and differ only in their shortcuts."
        ).format(
            epochs=nwhole("{n} epoch", "{n} epochs", self.settings.training.epochs), **self.settings.training.words()
        )

    def remarks(self) -> Sequence[str]:
        """What depth does with shortcuts: the verdict compares it with the plain networks, not with nothing."""
        added = [c.left for c in self.verdict.comparisons if "→" in str(c.left.name)]
        within = [_(_within(one)).format(name=one.name, value=words.estimate(one, "percent")) for one in added]
        return [*within, *two_seeds(len(one.seeds) for one in self.series)]


def ramp(count: int) -> list[float]:
    """So many strengths of a line, from the pale shallowest to the full deepest network."""
    return [1.0 if count == 1 else 0.35 + 0.65 * place / (count - 1) for place in range(count)]


def _curves(axes: Axes, series: Sequence[DepthSeries], colour: str, strengths: Mapping[int, float]) -> None:
    """Training error as a line, test error as a dashed one, with bands over seeds where there are several.

    The colour is that of the kind of network, as in every panel; the deeper the network, the stronger it is.
    """
    epochs = 1
    for one in series:
        strong, train, test = strengths[one.depth], one.errors.train_error_curve, one.errors.test_error_curve
        epochs = max(epochs, len(train))
        across = range(1, len(train) + 1)
        # Of one point there is no line.
        marks = ("o", "_") if len(across) == 1 else ("", "")
        named = f"_{one.name}, {_('training')}"
        painted.curve(
            axes, across, train, colour, 0.16 * strong, marker=marks[0], linewidth=1.9, alpha=strong, label=named
        )
        means = [point.mean for point in test]
        named = f"_{one.name}, {_('test')}"
        axes.plot(
            across, means, marker=marks[1], linestyle=_TEST, color=colour, linewidth=1.1, alpha=strong, label=named
        )
    axes.set_xlim(1 if epochs > 1 else 0.5, max(epochs, 1.5))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True) if epochs > 1 else FixedLocator([1]))
    axes.set_xlabel(_("epoch"))
    axes.set_ylim(0, None)
    percents(axes.yaxis)
    painted.round_ticks(axes.yaxis)


def _legends(axes: Axes, strengths: Mapping[int, float]) -> None:
    """In the first panel, below the curves: all panels have the same strengths and lines."""
    layers = [Line2D([], [], color=INK, alpha=strong, linewidth=1.9, label=str(n)) for n, strong in strengths.items()]
    axes.add_artist(axes.legend(handles=layers, title=_("layers"), loc="lower center", title_fontsize=9))
    kinds = [
        Line2D([], [], color=MUTED, linestyle="-", label=_("training")),
        Line2D([], [], color=MUTED, linestyle=_TEST, linewidth=1.1, label=_("test")),
    ]
    axes.legend(handles=kinds, loc="lower left", fontsize=8.5)


def _ends(
    axes: Axes, by_kind: Mapping[str, Sequence[DepthSeries]], depths: Sequence[int], colours: Mapping[str, str]
) -> None:
    """The training error at the end against the depth, with intervals."""
    for kind, series in by_kind.items():
        colour = colours[kind]
        means = [one.errors.train_error.mean for one in series]
        across = [depths.index(one.depth) for one in series]
        label = _("plain") if kind == "none" else _("residual") if len(by_kind) == 2 else kind
        axes.plot(across, means, "o-", color=colour, linewidth=1.8, markersize=4, label=label)
        for place, one in zip(across, series, strict=True):
            painted.upright(axes, place, one.errors.train_error, colour, 1.4, label)
    axes.set_xticks(range(len(depths)), [str(depth) for depth in depths])
    axes.set_xlim(-0.4, len(depths) - 0.6)
    axes.set_xlabel(_("layers"))
    axes.set_title(_("training error at the end"), fontsize=9.5, color=INK)
    axes.tick_params(labelleft=True)
    if by_kind:
        axes.legend(loc="upper left")


def _within(added: Interval) -> str:
    if added.ends is None:
        return N_(
            "One seed is not enough to tell how depth affects networks with shortcuts ({name}: training "
            "error changes by {value})."
        )
    if added.ends[0] > 0:
        return N_(
            "Even with shortcuts, the deeper network trained less well at this budget ({name}: training "
            "error changes by {value})."
        )
    if added.ends[1] < 0:
        return N_("With shortcuts, the deeper network trained better ({name}: training error changes by {value}).")
    return N_("With shortcuts, depth made no difference beyond chance ({name}: training error changes by {value}).")
