"""Image classification: the loss, the logits of many images, and what is measured on them."""

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from atalho.config import CALIBRATION_IMAGES, Config, DataConfig
from atalho.data import layouts, order
from atalho.data.augment import Augment
from atalho.data.dataset import Dataset
from atalho.data.duplicates import figures_of
from atalho.data.layouts.patterns import PathPatterns
from atalho.data.manifest import NO_IDS, Ids, Manifest
from atalho.data.on_device import moved
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError
from atalho.listener import Listener
from atalho.metrics import calibration, classification
from atalho.metrics.calibration import CalibrationFigures
from atalho.metrics.classification import ClassificationFigures
from atalho.metrics.intervals import Ends, wilson
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.tasks.forward import forward
from atalho.tasks.task import (
    Calibration,
    Evaluation,
    EvaluationOptions,
    EvaluationTarget,
    Headline,
    Objective,
    Outputs,
    Page,
    Task,
)
from atalho.text import _
from atalho.text.numbers import number, percent, whole, with_interval


@dataclass(frozen=True)
class Classification(Objective):
    """Cross entropy over the classes of the images `train`."""

    batch_size: int
    smoothing: float
    weights: Tensor | None
    """(K,) in main memory: what an image of each class counts."""

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.train) // self.batch_size)

    def batches(self, epoch: int) -> Sequence[Ids]:
        return order.epoch_batches(self.seed, epoch, self.train, self.batch_size)

    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        weights = self.weights if targets.device.type == "cpu" else self._weights_on_device
        return loss(outputs.logits, targets, smoothing=self.smoothing, weights=weights)

    @cached_property
    def _weights_on_device(self) -> Tensor | None:
        return None if self.weights is None else moved(self.weights, self.precision.device)

    def part(self, targets: Tensor, ids: Ids, batch: Ids) -> float:
        # By the labels in main memory: to look at the targets would be to wait for the device.
        return part(self.labels[ids] if targets.ndim == 1 else targets, self.labels[batch], self.weights)

    def validate(self, network: Network) -> dict[str, float | None]:
        if not len(self.val):
            return {"val_loss": None, "val_top1": None}
        found, labels = forward(network, self.images, self.val, self.prepared, self.precision), self.labels[self.val]
        right = int((found.argmax(1) == labels).sum())
        # The objective that is minimised, so that both curves of the report can be compared.
        # Of many classes in parts, each of images from everywhere, so that none has only classes of which none counts.
        parts = -(-found.numel() // classification.VALUES)
        losses = (
            share * self.loss(Outputs(found[first::parts]), labels[first::parts]).item()
            for first in range(parts)
            if (share := part(labels[first::parts], labels, self.weights))
        )
        return {"val_loss": sum(losses), "val_top1": right / len(labels)}


def loss(logits: Tensor, targets: Tensor, *, smoothing: float = 0.0, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of logits (N,K) with class indices (N,) or shares (N,K), as a scalar in fp32."""
    return F.cross_entropy(logits.float(), targets, weight=weights, label_smoothing=smoothing)


def part(targets: Tensor, whole: Tensor, weights: Tensor | None = None) -> float:
    """What the `loss` of a part of a batch, with `targets` (N,) or (N,K), counts in that of the batch (B labels).

    The losses of all parts, each times this, sum to the loss of the batch; that holds for gradients too. By the number
    of images, or by the classes' weights where the loss divides by their sum.
    """
    if weights is None or targets.ndim == 2:
        return len(targets) / len(whole)
    return float(weights[targets].sum() / weights[whole].sum())


def balanced_weights(counts: NDArray[np.int64]) -> Tensor:
    """A weight per class (K,) inverse to how often it occurs, with mean 1 over the images; 0 for an absent class."""
    present = counts > 0
    weights = np.where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights).float()


@dataclass(frozen=True)
class UnseenFigures:
    """Top-1 accuracy on the images that the network has not trained on."""

    images: int
    top1: float
    top1_interval: Ends


@dataclass(frozen=True, kw_only=True, repr=False)
class ClassificationEvaluation(ClassificationFigures, Evaluation):
    """How well a network classifies the images of one split, and how far its probabilities can be trusted."""

    calibration: CalibrationFigures | None = None
    unseen: UnseenFigures | None = None
    """Where the network knows some of the images, or copies of them, what it says of the others; None if none is left.
    """

    def shown(self) -> Iterator[tuple[str, str]]:
        yield _("split"), self.split
        yield _("images"), whole(self.images)
        yield _("top-1 accuracy"), with_interval(self.top1, self.top1_interval)
        if self.top5 is not None:
            yield _("top-5 accuracy"), with_interval(self.top5, self.top5_interval)
        yield _("macro F1"), number(self.macro_f1, 3)
        if self.precision is not None:
            yield _("precision"), self.precision

    @property
    def headline(self) -> Headline:
        test = self.split != "val"
        split = _("test images") if test else _("validation images")
        remarks = [_("on {n} {split}").format(n=whole(self.images), split=split), *self.computed()]
        if not test:
            remarks.append(_("There was no test split. Only the temperature was fitted on these images."))
        remarks.extend(self.not_new())
        return Headline(self.top1, self.top1_interval, _("top-1 accuracy"), tuple(remarks))

    def of_others(self) -> Iterator[str]:
        if self.unseen is not None:
            yield _("On the other {images}: {top1}").format(
                images=whole(self.unseen.images), top1=with_interval(self.unseen.top1, self.unseen.top1_interval)
            )

    def key_numbers(self) -> Iterator[tuple[str, str]]:
        yield _("macro F1"), percent(self.macro_f1)
        if self.top5 is not None:
            yield _("top-5 accuracy"), percent(self.top5)

    def pictures(self) -> list[str]:
        return [mistake.path or str(mistake.index) for mistake in self.mistakes]


def measure(
    logits: Tensor, labels: Tensor, classes: tuple[str, ...], temperature: float, split: str, names: Sequence[str]
) -> ClassificationEvaluation:
    """Everything that is reported of the logits (N,K) of a split's images, which have `labels` (N,) and `names`."""
    figures = classification.evaluate(logits, labels, classes, temperature=temperature)
    named = tuple(dataclasses.replace(mistake, path=names[mistake.index]) for mistake in figures.mistakes)
    before, after = (calibration.reliability(logits, labels, divisor) for divisor in (1.0, temperature))
    reliable = CalibrationFigures(before, after, temperature)
    return ClassificationEvaluation(
        **vars(dataclasses.replace(figures, mistakes=named)), split=split, calibration=reliable
    )


class ClassificationTask(Task):
    """Say which of the classes an image shows."""

    evaluation = ClassificationEvaluation
    summary = ("split", "images", "top1", "top1_interval", "macro_f1", "precision")

    @property
    def page(self) -> Page:
        return Page(_("class"), _("classes"), ("classes", "confusion", "calibration", "mistakes"))

    def read(self, config: DataConfig, unreadable: Collection[int] = ()) -> Manifest:
        return layouts.read(
            Path(config.path),
            val_fraction=config.val_fraction,
            test_fraction=config.test_fraction,
            split_seed=config.split_seed,
            class_pattern=config.class_,
            group_pattern=config.group,
            unreadable=unreadable,
        )

    def read_test(self, data: Path, classes: tuple[str, ...], patterns: PathPatterns) -> Manifest:
        if not classes:
            raise ConfigError(
                "This model has no classifier and gives embeddings alone, so it cannot be evaluated on classes. Train "
                "a classifier from it: atalho train DATA --from MODEL"
            )
        return layouts.read_test(data, classes, patterns.class_)

    def head(self, spec: Spec, config: Config) -> Spec:
        return dataclasses.replace(spec, embedding=0, pooling="average")

    def outputs(self, manifest: Manifest, config: Config) -> tuple[str, ...]:
        return manifest.classes

    def objective(
        self, dataset: Dataset, config: Config, preprocessing: Preprocessing, precision: Precision, augment: Augment
    ) -> Classification:
        manifest, training = dataset.manifest, config.training
        balanced = training.class_weights == "balanced"
        return Classification(
            images=dataset.images,
            labels=torch.from_numpy(manifest.labels),
            classes=len(manifest.classes),
            augment=augment,
            train=manifest.splits["train"],
            val=manifest.splits.get("val", NO_IDS),
            batch_size=training.batch_size,
            seed=training.seed,
            smoothing=training.label_smoothing,
            weights=balanced_weights(manifest.counts("train")) if balanced else None,
            prepared=preprocessing,
            precision=precision,
        )

    def calibrate(self, target: EvaluationTarget, config: Config, run: Path, listener: Listener) -> Calibration:
        manifest = target.dataset.manifest
        ids = manifest.splits.get("val", NO_IDS)
        if len(ids) < CALIBRATION_IMAGES:
            if len(ids):
                text = _(
                    "Probabilities are not calibrated: {count} validation images are too few, {least} are needed. Add "
                    "some, or set apart a larger share with --data.val-fraction."
                )
                listener.note(text.format(count=whole(len(ids)), least=CALIBRATION_IMAGES))
            return Calibration()
        found = forward(target.network, target.dataset.images, ids, target.preprocessing, target.precision)
        return Calibration(calibration.fit_temperature(found, torch.from_numpy(manifest.labels[ids])))

    def evaluate(
        self, target: EvaluationTarget, split: str, options: EvaluationOptions, listener: Listener
    ) -> ClassificationEvaluation:
        asked = options.protocol is not None or options.rerank is not None or options.expand
        if asked or options.average_precision != "hits":
            raise ConfigError(
                "A protocol, average precision by trapezoids, re-ranking and query expansion only apply to "
                "re-identification, and this model is a classifier. Remove them."
            )
        manifest = target.dataset.manifest
        ids = manifest.splits[split]
        found = target.forward(ids, listener)
        labels, names = torch.from_numpy(manifest.labels[ids]), [manifest.names[image] for image in ids]
        measured = measure(found, labels, manifest.classes, options.temperature, split, names)
        seen = np.isin(ids, target.seen)
        known = seen | np.isin(ids, target.copies)
        return dataclasses.replace(
            measured,
            trained_on=int(seen.sum()) or None,
            unseen=_unseen(found, labels, known),
            duplicates=figures_of(target.dataset.duplicates, ids),
            precision=target.precision.numbers,
        )


def _unseen(logits: Tensor, labels: Tensor, seen: NDArray[np.bool_]) -> UnseenFigures | None:
    """The figures of the images that are not `seen` (N,); None where all or none are new."""
    new = torch.from_numpy(~seen)
    images = int(new.sum())
    if images in (0, len(seen)):
        return None
    right = int((logits[new].argmax(1) == labels[new]).sum())
    return UnseenFigures(images, right / images, wilson(right, images))
