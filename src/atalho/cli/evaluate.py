"""`atalho evaluate`: how good a trained model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from cyclopts import Parameter

from atalho.cli import options, retrieval, terminal
from atalho.config import ProtocolChoice, TaskName
from atalho.text import N_, _
from atalho.text.numbers import LEVEL, interval, number, percent, whole, with_interval

if TYPE_CHECKING:
    from atalho.gallery.rerank import Rerank
    from atalho.json_values import JsonObject
    from atalho.tasks.classification import ClassificationEvaluation
    from atalho.tasks.task import Evaluation

_SHOWN_MISTAKES = 5
_SHOWN_CLASSES = 10
_PRINTED: Final = {
    "classification": ("top1", "precision"),
    "reid": ("rank1", "map", "minp", "valid_queries", "precision"),
}
"""The figures that `train --json` prints: scripts rely on their names."""


@dataclass(frozen=True)
class RerankOptions:
    """Whether `atalho evaluate` measures after re-ranking too, and with which numbers."""

    rerank: Annotated[bool, Parameter(help=N_("reid: also measure after k-reciprocal re-ranking"), negative="")] = False
    k1: Annotated[
        options.Whole | None,
        Parameter(name="--rerank-k1", help=N_("re-ranking: nearest neighbours per image (k1)"), show_default="20"),
    ] = None
    k2: Annotated[
        options.Whole | None,
        Parameter(name="--rerank-k2", help=N_("re-ranking: nearest neighbours to average over (k2)"), show_default="6"),
    ] = None
    share: Annotated[
        float | None,
        Parameter(
            name="--rerank-share", help=N_("re-ranking: weight of the original distance (lambda)"), show_default="0.3"
        ),
    ] = None

    def asked(self) -> Rerank | None:
        """As `atalho.evaluate` takes it. Raises ConfigError for numbers that cannot be, or that nothing uses."""
        from atalho.gallery.rerank import Rerank

        numbers = {"k1": self.k1, "k2": self.k2, "share": self.share}
        given: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
        if not self.rerank:
            options.refuse_without("--rerank", dict.fromkeys((f"--rerank-{name}" for name in given), True))
            return None
        return Rerank(**given)


_NO_RERANKING: Final = RerankOptions()


def evaluate(
    run: Annotated[
        str,
        Parameter(
            help=N_(
                "run, model folder or name of pretrained weights; or vectors with identities: .csv, .npy with a "
                ".csv, or .parquet"
            )
        ),
    ],
    data: Annotated[
        str | None, Parameter(help=N_("other images: a folder with one folder per class; default: the run's own"))
    ] = None,
    /,
    *,
    protocol: Annotated[
        ProtocolChoice | None,
        Parameter(help=N_("reid: which gallery images a query is compared with; default: the run's own")),
    ] = None,
    average_precision: Annotated[
        Literal["hits", "trapezoid"],
        Parameter(
            help=N_("reid: average precision as the mean precision at each hit (hits) or by trapezoids (trapezoid)")
        ),
    ] = "hits",
    reranking: Annotated[RerankOptions, Parameter(name="*")] = _NO_RERANKING,
    expand: Annotated[
        options.Whole,
        Parameter(help=N_("reid: also measure after averaging each query with this many first answers; 0: off")),
    ] = 0,
    precision: options.Numbers = "fp32",
    skip_bad: Annotated[bool, Parameter(help=N_("skip images that cannot be read"), negative="")] = False,
    all: Annotated[bool, Parameter(help=N_("print all classes, not the worst ten alone"), negative="")] = False,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.evaluate`, print."""
    from atalho.training import distributed

    with distributed.joined() as ranks:
        ranks.refuse_company()
    from atalho.api import evaluate as job

    with terminal.TerminalProgress() as progress:
        found = job.evaluate(
            run,
            data,
            precision=precision,
            skip_bad=skip_bad,
            protocol=protocol,
            average_precision=average_precision,
            rerank=reranking.asked(),
            expand=expand,
            progress=progress,
        )
    if json:
        terminal.print_json(found.to_dict())
    else:
        say(found, classes=None if all else _SHOWN_CLASSES)
    return 0


def summary(task: TaskName, found: Evaluation | None) -> JsonObject:
    """The figures that `train --json` prints, null where nothing was measured."""
    from atalho import stored

    copies = found.duplicates if found is not None else None
    figures: JsonObject = {name: getattr(found, name, None) for name in _PRINTED[task]}
    return figures | {"duplicates": None if copies is None else stored.to_object(copies)}


def say(found: Evaluation, *, in_short: bool = False, classes: int | None = _SHOWN_CLASSES) -> None:
    """An evaluation in lines, with so many of its worst classes (None: with all); `train` says it in short."""
    from atalho.tasks.classification import ClassificationEvaluation
    from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation

    if isinstance(found, ReidentificationEvaluation):
        retrieval.say(found)
        _caution(found)
    elif isinstance(found, ClassificationEvaluation) and in_short:
        accuracy, images = with_interval(found.top1, found.top1_interval), whole(found.images)
        text = _("{split} accuracy {top1} on {images} images")
        said = text.format(split=terminal.split(found.split), top1=accuracy, images=images)
        terminal.say(said, found.precision)
        _caution(found)
    elif isinstance(found, ClassificationEvaluation):
        _say(found, classes)


def _caution(found: Evaluation) -> None:
    for sentence in found.not_new():
        terminal.say(sentence)


def _say(found: ClassificationEvaluation, classes: int | None) -> None:
    """The classes, the mistakes that the network was surest of, calibration, and last, where eyes rest, accuracy."""
    _classes(found, classes)
    for mistake in found.mistakes[:_SHOWN_MISTAKES]:
        text = _("{path}: {label}, predicted as {predicted} ({probability})")
        terminal.say(text.format(**vars(mistake) | {"probability": percent(mistake.probability)}))
    _calibration(found)
    _caution(found)
    parts = [f"top-1 {with_interval(found.top1, found.top1_interval)}"]
    if found.top5 is not None:
        parts.append(f"top-5 {with_interval(found.top5, found.top5_interval)}")
    parts.append(_("{images} images").format(images=whole(found.images)))
    terminal.say(f"{terminal.split(found.split)}: " + " · ".join(parts), found.precision)


def _calibration(found: ClassificationEvaluation) -> None:
    calibration = found.calibration
    if calibration is None:
        return
    if calibration.temperature == 1.0:  # which no fit gives
        text = _("macro F1 {f1} · calibration error {before}, no temperature was fitted")
        terminal.say(text.format(f1=number(found.macro_f1, 3), before=percent(calibration.before.error)))
        return
    terminal.say(
        _("macro F1 {f1} · calibration error {before}, {after} after temperature scaling ({temperature})").format(
            f1=number(found.macro_f1, 3),
            before=percent(calibration.before.error),
            after=percent(calibration.after.error),
            temperature=number(calibration.temperature, 2),
        )
    )


def _classes(found: ClassificationEvaluation, most: int | None) -> None:
    columns = (
        _("class"),
        _("images"),
        _("recall"),
        _("{level} interval").format(level=percent(LEVEL, 0)),
        _("precision"),
        "F1",
    )
    rows = (
        (
            row.class_,
            whole(row.images),
            percent(row.recall),
            interval(row.recall_interval),
            percent(row.precision),
            number(row.f1, 3),
        )
        for row in found.worst(len(found.per_class) if most is None else most)
    )
    terminal.print_table(columns, rows, numbers=(1, 2, 3, 4, 5))
    if most is not None and len(found.per_class) > most:
        text = _("the {count} classes with the lowest F1 of {all} (--all prints all)")
        terminal.say(text.format(count=whole(most), all=whole(len(found.per_class))))
