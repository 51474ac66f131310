"""Re-identification as a task: what is read, checked, trained, measured and shown."""

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from atalho.config import Config, DataConfig
from atalho.data import open_set, rotated
from atalho.data.augment import Augment
from atalho.data.dataset import Dataset
from atalho.data.doctor import feasibility
from atalho.data.layouts.patterns import PathPatterns
from atalho.data.manifest import NO_IDS, Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.data.rotated import RotatedImages
from atalho.errors import ConfigError, RunError
from atalho.json_values import JsonObject
from atalho.listener import Listener
from atalho.networks.spec import ResNetSpec, Spec
from atalho.precision import Precision
from atalho.tasks.losses.centre import CentreLoss
from atalho.tasks.losses.further import further
from atalho.tasks.reidentification import evaluation, threshold
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.tasks.reidentification.objective import Losses, Reidentification
from atalho.tasks.task import Calibration, EvaluationOptions, EvaluationTarget, Page, Task
from atalho.text import _

# Luo et al. 2019, section 3, for 120 epochs; the epochs there are passes over all images, here over all identities.
_REID: Final[JsonObject] = {
    "optimizer": "adam",
    "lr": 3.5e-4,
    "shift_lr": 1.0,
    "weight_decay": 5e-4,
    "batch_size": 64,
    "epochs": 120,
    "schedule": "cosine",
    "warmup": 10 / 120,
    "warmup_lr": 0.1,
}
_REID_PAPER: Final[JsonObject] = _REID | {"schedule": "step", "milestones": (40 / 120, 70 / 120), "averaging": 0.0}
_REID_FINETUNE: Final[JsonObject] = _REID | {"epochs": 60, "backbone_lr": 0.3}


class ReidentificationTask(Task):
    """Say who an image shows, also of identities that were never trained on."""

    evaluation = ReidentificationEvaluation
    summary = (
        "split",
        "queries",
        "valid_queries",
        "rank1",
        "rank1_interval",
        "map",
        "map_interval",
        "minp",
        "protocol",
    )
    verifies = True

    @property
    def page(self) -> Page:
        # No split holds another's identities, and how many images each has is not what a network learns by.
        return Page(_("identity"), _("identities"), ("retrieval", "threshold", "lists", "embeddings"), balance=False)

    def read(self, config: DataConfig, unreadable: Collection[int] = ()) -> Manifest:
        return open_set.read(
            Path(config.path),
            val_fraction=config.val_fraction,
            test_fraction=config.test_fraction,
            split_seed=config.split_seed,
            split_by=config.split_by,
            patterns=PathPatterns(config.identity, config.camera, config.class_, config.group),
        )

    def read_test(self, data: Path, classes: tuple[str, ...], patterns: PathPatterns) -> Manifest:
        return open_set.read_test(data, patterns)

    def head(self, spec: Spec, config: Config) -> Spec:
        """A backbone for re-identification keeps finer features."""
        head = dataclasses.replace(spec, embedding=config.reid.embedding, pooling=config.reid.pooling)
        return dataclasses.replace(head, last_stride=config.reid.last_stride) if isinstance(head, ResNetSpec) else head

    def outputs(self, manifest: Manifest, config: Config) -> tuple[str, ...]:
        """The training identities, and those that turning makes of them."""
        names = manifest.classes[: open_set.training_identities(manifest)]
        turns = range(1, rotated.TURNS if config.reid.rotations else 1)
        return (*names, *(f"{name}@{90 * turn}" for turn in turns for name in names))

    def objective(
        self, dataset: Dataset, config: Config, preprocessing: Preprocessing, precision: Precision, augment: Augment
    ) -> Reidentification:
        manifest, images, asked = dataset.manifest, dataset.images, config.reid
        labels, train = manifest.labels, manifest.splits["train"]
        if asked.rotations:
            labels = rotated.turned_labels(labels, open_set.training_identities(manifest))
            train, images = rotated.turned(train, len(images)), RotatedImages(images)
        classes = len(self.outputs(manifest, config))
        return Reidentification(
            images=images,
            labels=torch.from_numpy(labels),
            classes=classes,
            augment=augment,
            val=manifest.splits.get("val", NO_IDS),
            train=train,
            identities=max(1, config.training.batch_size // asked.each),
            each=asked.each,
            seed=config.training.seed,
            losses=Losses(
                smoothing=config.training.label_smoothing,
                triplet=asked.triplet != "none",
                margin=asked.margin if asked.triplet == "margin" else None,
                centre=CentreLoss(classes, asked.embedding, precision.device) if asked.centre else None,
                centre_weight=asked.centre,
                further=further(asked.further),
            ),
            manifest=manifest,
            pixels=dataset.images,
            protocol=evaluation.protocol_for(asked.protocol, manifest),
            prepared=preprocessing,
            precision=precision,
        )

    def calibrate(self, target: EvaluationTarget, config: Config, run: Path, listener: Listener) -> Calibration:
        return Calibration(threshold=threshold.choose_at_the_end(run, target, config.reid, listener))

    def evaluate(
        self, target: EvaluationTarget, split: str, options: EvaluationOptions, listener: Listener
    ) -> ReidentificationEvaluation:
        return evaluation.evaluate(target, split, options, listener)

    def recipe(self, name: str) -> JsonObject:
        row = {"paper": _REID_PAPER, "finetune": _REID_FINETUNE}.get(name, _REID)
        return {"augment": {"erasing": 0.5}, "training": row}

    def protocol(self, config: Config) -> str:
        return config.reid.protocol

    def check(self, config: Config, world: int) -> None:
        """Refuses parts of batches, mixed labels and missing libraries: a triplet compares a whole batch."""
        if world > 1:
            raise ConfigError(
                "Re-identification trains in one process, because its loss compares all images of a batch. Run "
                "it without torchrun."
            )
        if config.training.batch_size < 2 * config.reid.each:
            raise ConfigError(
                "A batch of {batch} images has fewer than two identities with {each} images each. Increase "
                "--batch-size or reduce --reid.each.",
                batch=config.training.batch_size,
                each=config.reid.each,
            )
        if config.training.micro_batch is not None:
            raise ConfigError(
                "Re-identification compares all images of a batch, which cannot run in parts. Remove "
                "training.micro_batch, or reduce --batch-size."
            )
        if config.augment.mixup or config.augment.cutmix:
            raise ConfigError(
                "Re-identification does not support mixed images. Remove augment.mixup and augment.cutmix."
            )
        further(config.reid.further)

    def check_images(self, manifest: Manifest, config: Config, digests: NDArray[np.uint8]) -> None:
        feasibility.refuse(feasibility.examine(manifest, config.reid.protocol, digests), config.data.path)

    def check_change(self, data: str, run: Path) -> None:
        raise RunError(
            "The images at {data} differ from those that {run} was started with, and re-identification "
            "splits by identity. Start a new run on them.",
            data=data,
            run=run,
        )
