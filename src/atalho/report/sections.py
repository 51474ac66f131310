"""The parts of the page that show how good the network is, each from the run's files and one language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from atalho.metrics.confusion import Confusion
from atalho.report import parts
from atalho.report.figures import NAMES_UP_TO, NUMBERS_UP_TO
from atalho.report.markup import Html, el
from atalho.report.parts import ROWS_UP_TO, lead, number_cell, pairs, picture, scrolled, section, sortable_head, table
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import TrainingTime
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.text.numbers import LEVEL, duration, interval, number, percent, whole

if TYPE_CHECKING:
    from atalho.metrics.classification import ClassFigures, ClassificationFigures, Mistake
    from atalho.tasks.classification import ClassificationEvaluation
    from atalho.tasks.task import Evaluation

Figures = Mapping[str, Html]


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
        (_("epochs"), whole(len(run.epochs)) if run.epochs else None),
        (_("training time"), duration(timing.seconds) if run.timing is not None else None),
        (_("images per second"), whole(timing.images_per_second) if timing.images_per_second is not None else None),
        *(evaluation.key_numbers() if evaluation is not None else ()),
    ]
    return pairs([(what, value) for what, value in shown if value], "keys")


def curves(run: RunFolder, figures: Figures) -> Html | None:
    """Loss, accuracy and learning rate over the epochs."""
    titles = {"loss": _("Loss"), "accuracy": _("Accuracy"), "learning_rate": _("Learning rate")}
    shown = [drawn(figures[name], title) for name, title in titles.items() if name in figures]
    return section("curves", _("Training"), el("div", *shown, class_="three")) if shown else None


def drawn(drawing: Html, title: str, kind: str = "") -> Html:
    """A figure of the page with its title."""
    return el("figure", el("figcaption", title), el("div", drawing, class_="drawing", role="img", aria_label=title),
              class_=kind or None)  # fmt: skip


def confusion(evaluation: ClassificationFigures, figures: Figures) -> Html:
    """The confusion matrix and the pairs that are confused most often."""
    names = [row.class_ for row in evaluation.per_class]
    head = (_("true"), _("predicted as"), _("images"), _("fraction of the class"))
    rows = [
        (names[true], names[taken], whole(count), percent(share))
        for count, share, true, taken in _confused(evaluation.confusion)[:8]
    ]
    confused = el("div", el("h3", _("Most often confused")), scrolled(table(head, rows, numbers_from=2)))
    words = [_("Rows: true classes; columns: predicted classes. Blue is right, amber is wrong.")]
    if len(names) > NAMES_UP_TO:
        words.append(_("The numbers are the positions of the classes in alphabetical order, from 0."))
    large = len(names) > NUMBERS_UP_TO
    return section(
        "confusion",
        _("Confusion matrix"),
        lead(*words),
        el(
            "div",
            drawn(figures["confusion"], "", "matrix"),
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


def calibration(evaluation: ClassificationEvaluation, figures: Figures) -> Html | None:
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
    drawing = drawn(figures["reliability"], "")
    return section("calibration", _("Calibration"), el("div", drawing, text, class_="two"))


def per_class(evaluation: ClassificationFigures) -> Html:
    """Every class in a table that a click sorts; the bar is the recall with its interval."""
    start = _scale_start(evaluation.per_class)
    shown = evaluation.worst(ROWS_UP_TO)
    scale = [el("span", text) for text in (percent(start, 0), _interval_words(), percent(1, 0))]
    heads = [
        el("th", _("class"), data_sort="text"),
        sortable_head(_("images")),
        sortable_head(_("recall")),
        el("th", el("span", scale, class_="scale"), class_="wide"),
        sortable_head(_("precision")),
        sortable_head("F1"),
    ]
    rows = [
        el(
            "tr",
            el("td", row.class_),
            number_cell(whole(row.images), row.images),
            number_cell(percent(row.recall), row.recall),
            el("td", _bar(row, start), class_="wide"),
            number_cell(percent(row.precision), row.precision),
            number_cell(percent(row.f1), row.f1),
        )
        for row in shown
    ]
    sortable = el("table", el("thead", el("tr", heads)), el("tbody", rows), class_="sortable")
    hint = el("p", _("Click a column heading to sort by it."), class_="lead screen-only")
    some = None
    if len(shown) < len(evaluation.per_class):
        text = _("The {count} classes with the lowest F1 of {all}; evaluation.json has all of them.")
        some = lead(text.format(count=whole(len(shown)), all=whole(len(evaluation.per_class))))
    return section("classes", _("Per class"), some, hint, scrolled(sortable, "tall"))


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
