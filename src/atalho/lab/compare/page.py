"""How `lab compare` is shown: test errors over the budget, and where they end."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from atalho.lab.compare.result import CompareResult, CompareSeries
from atalho.lab.shared import words
from atalho.lab.shared.curves import band
from atalho.lab.shared.page import Page, Table
from atalho.networks.spec import DenseNetSpec, Spec
from atalho.report.canvas import AMBER, BLUE, INK, MUTED
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, number, percent, whole

_COLOURS: Final = {"dense": BLUE, "residual": INK, "plain": AMBER}
_LINES: Final = ("-", (0, (4, 2)), (0, (1, 1.5)))
_EQUAL: Final = {
    "params": N_("as many parameters"),
    "operations": N_("as many multiply–adds for an image"),
    "time": N_("as long a training on this machine"),
}
_SIZES: Final = {
    "resnet": N_("widths {numbers}"),
    "densenet": N_("growth rate {numbers}"),
    "mlp": N_("widths {numbers}"),
}


def pictures(result: CompareResult) -> Mapping[str, Figure]:
    """One figure: the test error over the share of the budget, and at the end with its interval."""
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    curves, ends = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    series = result.series
    drawn: dict[str, int] = {}
    for place, one in enumerate(series):
        colour, line = _COLOURS[one.kind], _LINES[drawn.get(one.kind, 0) % len(_LINES)]
        drawn[one.kind] = drawn.get(one.kind, 0) + 1
        points = one.errors.test_error_curve
        across = [(epoch + 1) / len(points) for epoch in range(len(points))]
        # Of one point there is no line.
        look = {"linestyle": line, "linewidth": 1.9, "marker": "o" if len(points) == 1 else ""}
        curves.plot(across, [p.mean for p in points], color=colour, label=one.name, **look)
        end = one.errors.test_error
        bounds = band(points)
        if bounds is not None:
            curves.fill_between(across, *bounds, color=colour, alpha=0.13, linewidth=0)
            ends.plot([place, place], [bounds[0][-1], bounds[1][-1]], color=colour, linewidth=1.6)
        ends.plot([place], [end.mean], "o", color=colour, markersize=5)
    _axes(curves, ends, series)
    return {_("Test error at an equal budget"): figure}


def _axes(curves: Axes, ends: Axes, series: Sequence[CompareSeries]) -> None:
    curves.set_xlim(0, 1.02)
    curves.set_xlabel(_("share of the budget"))
    curves.set_ylabel(_("test error"))
    curves.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: percent(value, 0)))
    curves.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: percent(value, 0)))
    curves.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if series:
        curves.legend(loc="best")
    ends.set_xticks(range(len(series)), [one.name for one in series], rotation=12, color=MUTED)
    ends.set_xlim(-0.6, max(len(series), 1) - 0.4)
    ends.tick_params(labelleft=True)
    ends.set_title(_("at the end, with its interval"), fontsize=9.5, color=INK)


def tables(result: CompareResult) -> Mapping[str, Table]:
    """What was made equal, and the errors at the end."""
    series = result.series
    # A step's time is measured where the time is what was made equal.
    timed = any(one.step_seconds is not None for one in series)
    head = (
        *(_("network"), _("as trained"), _("parameters"), _("multiply–adds"), _("epochs")),
        *((_("ms per step"),) if timed else ()),
        *(_("training error"), _("test error")),
    )
    rows = [
        (
            one.name,
            _size(one.spec),
            whole(one.parameters),
            f"{number(one.multiply_adds / 1e6, 1)} M",
            whole(one.epochs),
            *((whole(one.step_seconds and 1e3 * one.step_seconds),) if timed else ()),
            words.estimate(one.errors.train_error, "percent"),
            words.estimate(one.errors.test_error, "percent"),
        )
        for one in series
    ]
    note = _("In brackets, {level} intervals over seeds (Student's t), on {test} test images.").format(
        level=percent(LEVEL, 0), test=whole(result.measured.test_images)
    )
    return {_("The networks, and their errors at the end"): Table(head, rows, note, numbers_from=2)}


def _size(spec: Spec) -> str:
    numbers = (spec.growth_rate,) if isinstance(spec, DenseNetSpec) else spec.widths
    text = _SIZES[spec.family]
    return _(text).format(numbers=" · ".join(map(str, numbers)))


def method(result: CompareResult) -> str:
    """What was done, and what was held equal."""
    s = result.settings.training
    equal = _EQUAL[result.settings.equal]
    return _(
        "All networks have {equal}: {by}. They are trained on the same {images} images of {size} pixels with batches "
        "of {batch} and a learning rate that rises to {lr} and falls to zero; for each seed, they see the images in "
        "the same order and varied in the same way."
    ).format(
        equal=_(equal),
        by=_("their epochs, which are whole numbers, follow from that")
        if result.settings.equal == "time"
        else _("their widths follow from that, to 5 per cent"),
        images=whole(s.images), size=s.size, batch=s.batch_size,
        lr=number(s.lr, 4).rstrip("0"),
    )  # fmt: skip


def remarks(result: CompareResult) -> Sequence[str]:
    """Why nothing was compared, where all networks are of one kind."""
    kinds = {one.kind for one in result.series}
    if result.missing or len(kinds) != 1:
        return ()
    text = _("Nothing was compared: the comparison needs networks of two of the kinds dense, residual and plain.")
    return (text,)


PAGE: Final = Page(
    title=N_("Adding or concatenating"),
    claim=N_(
        "At an equal budget, networks that concatenate make fewer errors than networks that add, and those fewer than "
        "networks that do neither."
    ),
    method=method,
    pictures=pictures,
    tables=tables,
    remarks=remarks,
)
