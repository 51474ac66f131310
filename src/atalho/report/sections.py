"""The parts of the page that show how good the network is, each from the run's files and one language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from atalho.metrics.confusion import Confusion
from atalho.report import confusion_cells, parts
from atalho.report.figure import Drawing, figure, table_tools
from atalho.report.figures import FAINTEST, NAMES_UP_TO, NUMBERS_UP_TO
from atalho.report.markup import Html, el
from atalho.report.parts import (
    ROWS_UP_TO,
    lead,
    number_cell,
    pairs,
    picture,
    printed_part,
    scrolled,
    section,
    sortable_head,
    table,
)
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import TrainingTime
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.text.numbers import LEVEL, duration, interval, number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.classification import ClassFigures, ClassificationFigures, Mistake
    from atalho.tasks.classification import ClassificationEvaluation
    from atalho.tasks.task import Evaluation

Drawings = Mapping[str, Drawing]
_PAIRS: Final = 8
_PAIRS_OF_MANY: Final = 100
"""Pairs of classes that are told: most often confused first."""


def header(run: RunFolder, evaluation: Evaluation | None) -> Html:
    """Model, headline with its interval, and the key numbers."""
    below = _("trained on {data}").format(data=run.data) if run.data else None
    beside = _headline(evaluation), _key_numbers(run, evaluation)
    return parts.header(_("training report"), run.model, below, *beside)


def _headline(evaluation: Evaluation | None) -> Html:
    if evaluation is None:
        return el("p", _("This run has not been evaluated yet: its accuracy is unknown."), class_="note")
    found = evaluation.headline
    return el(
        "div",
        el("p", percent(found.value), class_="headline"),
        el(
            "div",
            el("p", found.name, class_="what"),
            el("p", _interval_words(), ": ", interval(found.interval)),
            *(el("p", remark, class_="soft") for remark in found.remarks),
        ),
        class_="accuracy",
    )


def _key_numbers(run: RunFolder, evaluation: Evaluation | None) -> Html:
    timing = run.timing or TrainingTime()
    manifest = run.manifest.manifest if run.manifest is not None else None
    classes = manifest.classes if manifest is not None else ()
    training = len(manifest.splits.get("train", ())) if manifest is not None else 0
    shown = [
        (_("training images"), whole(training) if training else None),
        (task_of(run.task).page.several, whole(len(classes)) if classes else None),
        (_("parameters"), whole(run.cost.parameters) if run.cost.parameters is not None else None),
        (_("epoch") if len(run.epochs) == 1 else _("epochs"), whole(len(run.epochs)) if run.epochs else None),
        (_("training time"), duration(timing.seconds) if run.timing is not None else None),
        (_("images per second"), whole(timing.images_per_second) if timing.images_per_second is not None else None),
        *(evaluation.key_numbers() if evaluation is not None else ()),
    ]
    return pairs([(what, value) for what, value in shown if value], "keys")


def curves(run: RunFolder, drawings: Drawings) -> Html | None:
    """Loss, accuracy and learning rate over the epochs; in re-identification rank-1 is what validation measures."""
    accuracy = _(
        "Higher is better. The further training ends above validation, the more the network memorised; early "
        "on it may lie below, as training images are augmented."
    )
    if any(epoch.val_rank1 is not None for epoch in run.epochs):
        accuracy = _(
            "Higher is better. Training: accuracy among its identities; validation: rank-1 on others. The two "
            "measure different things: follow each by itself."
        )
    told = {
        "loss": (
            _("Loss"),
            _("Lower is better. If validation rises while training still falls, the network is memorising its images."),
        ),
        "accuracy": (_("Accuracy"), accuracy),
        "learning_rate": (
            _("Learning rate"),
            _("How far each step moves the weights. Where it falls, the other curves usually settle."),
        ),
    }
    shown = [figure(title, drawings[name], words) for name, (title, words) in told.items() if name in drawings]
    return section("curves", _("Training"), el("div", *shown, class_="three")) if shown else None


def confusion(evaluation: ClassificationFigures, drawings: Drawings) -> Html:
    """The confusion matrix and the pairs that are confused most often."""
    names = [row.class_ for row in evaluation.per_class]
    large = len(names) > NUMBERS_UP_TO
    head = (_("true"), _("predicted as"), _("images"), _("fraction of the class"))
    rows = [
        (names[true], names[taken], whole(count), percent(share))
        for count, share, true, taken in _confused(evaluation.confusion)[: _PAIRS_OF_MANY if large else _PAIRS]
    ]
    tools = table_tools(len(rows)) if large else None
    confused = el("div", el("h3", _("Most often confused")), tools, scrolled(table(head, rows, numbers_from=2), "tall"))
    words = [
        _("Rows: true classes; columns: predicted classes. Blue is right, amber is wrong."),
        _("A column with much amber is a class that others are taken for."),
        _("The stronger a cell, the larger the fraction of the class (its square root)."),
    ]
    if len(names) > NAMES_UP_TO:
        text = _("Even a single image has at least {share} of the full strength; empty cells have no colour.")
        words.append(text.format(share=percent(FAINTEST, 0)))
        words.append(_("The numbers of the classes stand in the table above."))
    held = confusion_cells.held(evaluation.confusion)
    csv = "confusion" if held else ""
    matrix = figure("", drawings["confusion"], " ".join(words), csv=csv, kind="matrix")
    return section(
        "confusion",
        _("Confusion matrix"),
        el(
            "div",
            el("div", matrix, confusion_cells.readout() if held else None),
            confused if rows else None,
            class_="matrix-above-pairs" if large else "matrix-and-pairs",
        ),
    )


def _confused(counts: Confusion) -> list[tuple[int, float, int, int]]:
    """(count, share of the true class, true, predicted) of every mistake that was made, most frequent first."""
    seen: Counter[int] = Counter()
    for true, _predicted, count in counts.cells():
        seen[true] += count
    confusions = [
        (count, count / seen[true], true, predicted) for true, predicted, count in counts.cells() if true != predicted
    ]
    return sorted(confusions, key=lambda pair: (-pair[0], -pair[1], pair[2], pair[3]))


def calibration(evaluation: ClassificationEvaluation, drawings: Drawings) -> Html | None:
    """Whether the probabilities can be taken at their word."""
    values = evaluation.calibration
    if values is None:
        return None
    rows = [
        (_("calibration error before"), percent(values.before.error, 2)),
        (_("calibration error after"), percent(values.after.error, 2)),
        (_("temperature"), number(values.temperature, 3)),
    ]
    fitted = _(
        "The temperature divides the logits before they become probabilities. It was fitted on the "
        "validation images, does not change any prediction, and is stored with the model."
    )
    if values.temperature == 1.0:  # which no fit gives
        del rows[1:]
        fitted = _("No temperature was fitted: there were too few validation images.")
    words = [
        _(
            "When the network is {share} confident, is it right {share} of the time? On the dashed line, "
            "yes; below the line the network is overconfident, above it underconfident."
        ).format(share=percent(0.8, 0)),
        fitted,
    ]
    text = el("div", [el("p", sentence) for sentence in words], pairs(rows))
    told = _("On the dashed line, confidence equals accuracy. The larger a mark, the more images it stands for.")
    return section(
        "calibration", _("Calibration"), el("div", figure("", drawings["reliability"], told), text, class_="two")
    )


def per_class(evaluation: ClassificationFigures) -> Html:
    """Every class in a table, worst first, that a click sorts; the bar is the recall with its interval.

    Of many classes, each has its number in the confusion matrix, and a box filters them by name.
    """
    rows = evaluation.per_class
    start = _scale_start(rows)
    numbers = {row.class_: place for place, row in enumerate(rows)}
    numbered = len(rows) > NAMES_UP_TO
    shown = sorted(evaluation.worst(ROWS_UP_TO), key=lambda row: math.inf if row.f1 is None else row.f1)
    scale = [el("span", text) for text in (percent(start, 0), _interval_words(), percent(1, 0))]
    heads = [
        el("th", _("class"), data_sort="text"),
        sortable_head(_("number")) if numbered else None,
        sortable_head(_("images")),
        sortable_head(_("recall")),
        el("th", el("span", scale, class_="scale"), class_="wide"),
        sortable_head(_("precision")),
        sortable_head("F1", ascending=True),
    ]
    cells = [
        el(
            "tr",
            el("td", row.class_),
            number_cell(whole(numbers[row.class_]), numbers[row.class_]) if numbered else None,
            number_cell(whole(row.images), row.images),
            number_cell(percent(row.recall), row.recall),
            el("td", _bar(row, start), class_="wide"),
            number_cell(percent(row.precision), row.precision),
            number_cell(percent(row.f1), row.f1),
        )
        for row in shown
    ]
    sortable = el("table", el("thead", el("tr", heads)), el("tbody", cells), class_="sortable")
    words = [_("The lowest F1 comes first. The bar is the recall with its interval.")]
    if len(shown) < len(rows):
        text = _("The {count} classes with the lowest F1 of {all}; evaluation.json has all of them.")
        words.append(text.format(count=whole(len(shown)), all=whole(len(rows))))
    hint = el("span", " ", _("Click a column heading to sort by it."), class_="screen-only")
    printed = printed_part(len(shown))
    tools = table_tools(len(shown), "classes")
    above = el("p", " ".join(words), hint, class_="lead")
    return section("classes", _("Per class"), above, printed, tools, scrolled(sortable, "tall"))


def _scale_start(rows: Sequence[ClassFigures]) -> float:
    """Where the bars begin: the full tenth below every interval, so that intervals of a good network can be seen."""
    lowest = min((row.recall_interval[0] for row in rows if row.recall_interval), default=0.0)
    return math.floor(min(lowest, 0.9) * 10) / 10


def _bar(row: ClassFigures, start: float) -> Html | None:
    """The recall as a mark on a line from `start` to 1, with its interval as a band."""
    if row.recall is None or row.recall_interval is None:
        return None
    low, middle, high = (
        100 * (end - start) / (1 - start) for end in (row.recall_interval[0], row.recall, row.recall_interval[1])
    )
    band = el("i", style=f"left:{low:.2f}%;width:{high - low:.2f}%")
    return el("span", band, el("b", style=f"left:{middle:.2f}%"), class_="bar", title=interval(row.recall_interval))


def mistakes(evaluation: ClassificationFigures, places: Mapping[str, str]) -> Html:
    """The wrong answers of which the network was most sure; `places` maps an image to its picture on the page."""
    if not evaluation.mistakes:
        return section("mistakes", _("Most confident mistakes"), el("p", _("None.")))
    words = _("The network was confident and wrong. If the image agrees with the network, the label may be wrong.")
    return section(
        "mistakes",
        _("Most confident mistakes"),
        lead(words),
        el("ol", [_mistake(row, places) for row in evaluation.mistakes], class_="mistakes"),
    )


def _mistake(row: Mistake, places: Mapping[str, str]) -> Html:
    path = row.path or str(row.index)
    return el(
        "li",
        picture(path, places),
        el("p", row.predicted, " ", el("span", percent(row.probability), class_="soft"), class_="wrong"),
        el("p", el("span", _("true:"), class_="soft"), " ", row.label),
        el("p", el("bdi", path), class_="path", title=path),
    )


def _interval_words() -> str:
    return _("{level} interval").format(level=percent(LEVEL, 0))
