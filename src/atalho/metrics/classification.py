"""Accuracy with its interval, class by class, and the mistakes worth looking at."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from atalho.errors import DataError, NotFiniteError
from atalho.metrics.confusion import Confusion
from atalho.metrics.intervals import Ends, wilson

MISTAKES: Final = 24
VALUES: Final = 16_000_000
"""Logits that are worked on at once."""
TOP_5_ABOVE: Final = 10  # with 10 classes or fewer, five guesses say little


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is recognised; a figure that its images cannot give is None."""

    class_: str
    images: int
    recall: float | None
    recall_interval: Ends | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True)
class Mistake:
    """A wrong answer: the image's number in its split, the two class names, and the probability of the wrong one.

    `path` is the image's name, where it is known.
    """

    index: int
    label: str
    predicted: str
    probability: float
    path: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class ClassificationFigures:
    """How well one split is classified; shares lie in [0, 1], intervals are Wilson's at 95 %.

    `top5` is None with 10 classes or fewer. `loss` is the mean cross entropy in nats. `macro_f1` is the mean over the
    classes that are seen or predicted at all. `confusion` has the true classes as rows. `mistakes` are the wrong
    answers given with the highest probability.
    """

    images: int
    top1: float
    top1_interval: Ends
    top5: float | None
    top5_interval: Ends | None
    macro_f1: float
    loss: float
    per_class: tuple[ClassFigures, ...]
    confusion: Confusion
    mistakes: tuple[Mistake, ...]

    def worst(self, most: int) -> list[ClassFigures]:
        """The `most` classes with the lowest F1, or all where there are no more, in the order of the classes."""
        rows = self.per_class
        places = sorted(range(len(rows)), key=lambda place: math.inf if (f1 := rows[place].f1) is None else f1)
        return [rows[place] for place in sorted(places[:most])]


def evaluate(
    logits: Tensor, labels: Tensor, classes: tuple[str, ...], *, temperature: float = 1.0
) -> ClassificationFigures:
    """All figures of one split.

    `logits` is (N, K), `labels` is (N,), and `classes` names the K classes. Only the probability of a mistake depends
    on `temperature`, so that it is the one that the model gives for the image.

    Raises DataError where shapes, labels and classes do not fit, NotFiniteError where a logit is not a
    finite number.
    """
    logits, labels = check_inputs(logits, labels)
    images, outputs = logits.shape
    if outputs != len(classes):
        raise DataError(
            "The network has {outputs} outputs but {classes} class names; the numbers must match.",
            outputs=outputs,
            classes=len(classes),
        )
    predicted = logits.argmax(dim=1)
    correct = predicted == labels
    counted = [torch.bincount(one, minlength=outputs).tolist() for one in (labels[correct], labels, predicted)]
    per_class = tuple(_one_class(name, *counts) for name, *counts in zip(classes, *counted, strict=True))
    defined = [row.f1 for row in per_class if row.f1 is not None]
    right = int(correct.sum())
    right5 = _within(logits, labels, 5) if outputs > TOP_5_ABOVE else None
    return ClassificationFigures(
        images=images,
        top1=right / images,
        top1_interval=wilson(right, images),
        top5=None if right5 is None else right5 / images,
        top5_interval=None if right5 is None else wilson(right5, images),
        macro_f1=sum(defined) / len(defined),
        loss=float(torch.cat([_losses(*part) for part in parts(logits, labels)]).double().mean()),
        per_class=per_class,
        confusion=Confusion.of(predicted.numpy(), labels.numpy(), outputs),
        mistakes=_mistakes(logits, temperature, labels, predicted, classes),
    )


def parts(logits: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Logits (N, K), and other values of the N images, a few at once: what is computed of a row needs no other."""
    tensors, rows = (logits, *others), max(1, VALUES // logits.shape[1])
    return zip(*(torch.split(tensor, rows) for tensor in tensors), strict=True)


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, reduction="none")


def _one_class(name: str, right: int, seen: int, predicted: int) -> ClassFigures:
    """The figures of a class, of which `right` of `seen` images were recognised and `predicted` were taken for it."""
    return ClassFigures(
        name,
        images=seen,
        recall=right / seen if seen else None,
        recall_interval=wilson(right, seen) if seen else None,
        precision=right / predicted if predicted else None,
        f1=2 * right / (seen + predicted) if seen + predicted else None,
    )


def _within(logits: Tensor, labels: Tensor, k: int) -> int:
    """How many labels are among the `k` largest logits; of equal logits the lower class comes first."""
    found = 0
    for rows, of_rows in parts(logits, labels):
        own = rows.gather(1, of_rows[:, None])
        earlier = torch.arange(rows.shape[1]) < of_rows[:, None]
        rank = ((rows > own) | ((rows == own) & earlier)).sum(dim=1)
        found += int((rank < k).sum())
    return found


def _mistakes(
    logits: Tensor, temperature: float, labels: Tensor, predicted: Tensor, classes: tuple[str, ...]
) -> tuple[Mistake, ...]:
    """The wrong answers given with the highest probability, most confident first."""
    wrong = (predicted != labels).nonzero().flatten()
    if not len(wrong):
        return ()
    rows = max(1, VALUES // logits.shape[1])
    probability = torch.cat(
        [(logits[part] / temperature).softmax(dim=1).amax(dim=1) for part in torch.split(wrong, rows)]
    )
    order = probability.sort(descending=True, stable=True).indices[:MISTAKES]
    return tuple(
        Mistake(
            index=int(wrong[place]),
            label=classes[int(labels[wrong[place]])],
            predicted=classes[int(predicted[wrong[place]])],
            probability=float(probability[place]),
        )
        for place in order.tolist()
    )


def check_inputs(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """`logits` (N, K) in at least single precision and `labels` (N,), both on the CPU.

    Raises DataError where shapes or labels do not fit, NotFiniteError where a logit is not a finite number.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise DataError(
            "Logits of shape {logits} and labels of shape {labels}: expected (N, K) and (N,).",
            logits=tuple(logits.shape),
            labels=tuple(labels.shape),
        )
    images, classes = logits.shape
    if images == 0 or classes == 0:
        raise DataError("Nothing to measure: {images} images, {classes} classes.", images=images, classes=classes)
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise DataError("Labels of type {dtype}: expected whole numbers.", dtype=labels.dtype)
    logits = logits.detach().cpu()
    logits = logits if logits.dtype == torch.float64 else logits.float()
    labels = labels.cpu().long()
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise DataError(
            "Labels from {low} to {high}: expected 0 to {last}, one per logit ({classes}).",
            low=int(labels.min()),
            high=int(labels.max()),
            last=classes - 1,
            classes=classes,
        )
    broken = torch.cat([(~rows.isfinite()).any(dim=1) for (rows,) in parts(logits)]).nonzero().flatten()
    if len(broken):
        raise NotFiniteError(
            "The network's output is not finite for {count} of {images} images (first: number {first}). Its "
            "weights are damaged or training diverged: use an earlier checkpoint or a lower learning rate.",
            count=len(broken),
            images=images,
            first=int(broken[0]),
        )
    return logits, labels
