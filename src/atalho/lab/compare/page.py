"""What `lab compare` found: test errors over the budget, and where they end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atalho.lab.compare.budget import TOLERANCE
from atalho.lab.compare.result import CompareMeasured, CompareSeries, CompareSettings
from atalho.lab.shared import painted, words
from atalho.lab.shared.curves import two_seeds
from atalho.lab.shared.result import Result, Table
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.report.canvas import AMBER, BLUE, INK, MUTED, percents
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, percent, whole

_COLOURS: Final = {"dense": INK, "residual": BLUE, "plain": AMBER}
"""With shortcuts blue and without amber, as in every experiment."""
_LINES: Final = ("-", (0, (4, 2)), (0, (1, 1.5)))
_EQUAL: Final = {
    "params": N_("the same number of parameters"),
    "operations": N_("the same number of multiply–adds per image"),
    "time": N_("the same training time on this machine"),
}
_SIZES: Final = {
    "resnet": N_("widths {numbers}"),
    "densenet": N_("growth rate {numbers}"),
    "mlp": N_("widths {numbers}"),
}


@dataclass(frozen=True, repr=False)
class CompareResult(Result):
    """What `lab compare` found."""

    NAME = "compare"
    TITLE = N_("Adding or concatenating")
    CLAIM = N_(
        "At an equal budget, networks that concatenate make fewer errors than networks that add, which "
        "in turn make fewer than networks that do neither."
    )
    settings: CompareSettings
    measured: CompareMeasured

    @property
    def series(self) -> tuple[CompareSeries, ...]:
        """The networks, each with its errors."""
        return self.measured.series

    def pictures(self) -> Mapping[str, Figure]:
        """One figure: the test error over the share of the budget, and at the end with its interval."""
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        curves, ends = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        drawn: list[str] = []
        for place, one in enumerate(self.series):
            colour, line = _COLOURS[one.kind], _LINES[drawn.count(one.kind) % len(_LINES)]
            drawn.append(one.kind)
            points = one.errors.test_error_curve
            across = [(epoch + 1) / len(points) for epoch in range(len(points))]
            # Of one point there is no line.
            mark = "o" if len(points) == 1 else ""
            painted.curve(
                curves, across, points, colour, 0.13, linestyle=line, linewidth=1.9, marker=mark, label=one.name
            )
            painted.upright(ends, place, points[-1], colour, 1.6, one.name)
            ends.plot([place], [one.errors.test_error.mean], "o", color=colour, markersize=5, label=one.name)
        _axes(curves, ends, self.series)
        return {_("Test error at an equal budget"): figure}

    def captions(self) -> Mapping[str, str]:
        return {
            _("Test error at an equal budget"): _(
                "Lower is better. On the right, networks whose intervals do not overlap differ beyond chance. Amber: "
                "neither added nor concatenated; blue: added; the colour of the text: concatenated."
            )
        }

    def tables(self) -> Mapping[str, Table]:
        """What was made equal, and the errors at the end."""
        columns: dict[str, Callable[[CompareSeries], str]] = {
            _("network"): lambda one: one.name,
            _("final architecture"): lambda one: _width(one.spec),
            _("parameters"): lambda one: whole(one.parameters),
            _("multiply–adds"): lambda one: words.millions(one.multiply_adds),
            _("epochs"): lambda one: whole(one.epochs),
        }
        # A step's time is measured where the time is what was made equal.
        if any(one.step_seconds is not None for one in self.series):
            columns[_("ms per step")] = lambda one: whole(one.step_seconds and 1e3 * one.step_seconds)
        columns[_("training error")] = lambda one: words.estimate(one.errors.train_error, "percent")
        columns[_("test error")] = lambda one: words.estimate(one.errors.test_error, "percent")
        note = _("In brackets: {level} intervals over seeds (Student's t), on {test} test images.").format(
            level=percent(LEVEL, 0), test=whole(self.measured.test_images)
        )
        return {_("The networks and their final errors"): Table.of(self.series, columns, note, numbers_from=2)}

    def method(self) -> str:
        """What was done, and what was held equal."""
        by = _("their widths follow from this, to within {tolerance}").format(tolerance=percent(TOLERANCE, 0))
        if self.settings.equal == "time":
            by = _("their numbers of epochs follow from this, in whole epochs")
        equal = _EQUAL[self.settings.equal]
        return _(
            "All networks have {equal}: {by}. They are trained on the same {images} images of {size} pixels, "
            "with batches of {batch} and a learning rate that rises to {lr} and falls to zero. For each "
            "seed, they see the images in the same order and with the same augmentation."
        ).format(equal=_(equal), by=by, **self.settings.training.words())

    def remarks(self) -> Sequence[str]:
        """Why nothing was compared, where all networks are of one kind, and what two seeds are worth."""
        few = two_seeds(len(one.seeds) for one in self.series)
        if self.missing or len({one.kind for one in self.series}) != 1:
            return few
        text = _(
            "Nothing was compared: the comparison needs at least two kinds of network out of dense, residual and plain."
        )
        return [text, *few]


def _axes(curves: Axes, ends: Axes, series: Sequence[CompareSeries]) -> None:
    curves.set_xlim(0, 1.02)
    curves.set_xlabel(_("fraction of the budget"))
    curves.set_ylabel(_("test error"))
    percents(curves.xaxis)
    percents(curves.yaxis)
    painted.round_ticks(curves.yaxis)
    if series:
        curves.legend(loc="best")
    ends.set_xticks(range(len(series)), [one.name for one in series], rotation=12, color=MUTED)
    ends.set_xlim(-0.6, max(len(series), 1) - 0.4)
    ends.tick_params(labelleft=True)
    ends.set_title(_("final value, with its interval"), fontsize=9.5, color=INK)


def _width(spec: Spec) -> str:
    numbers = (spec.growth_rate,) if isinstance(spec, DenseNetSpec) else spec.widths
    text = _SIZES[spec.family]
    return _(text).format(numbers=" · ".join(map(str, numbers)))
