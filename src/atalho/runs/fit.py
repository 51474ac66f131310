"""Train the network of a run from wherever its checkpoints stand to the end, and write what follows the last step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch

from atalho.config import Config, DataConfig
from atalho.data import open_set, order, rotated
from atalho.data.augment import Augment
from atalho.data.manifest import NO_IDS, Manifest
from atalho.data.preprocessing import Preprocessing, channel_statistics
from atalho.data.rotated import RotatedImages
from atalho.errors import ConfigError
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.runs import finish, memory, network
from atalho.runs.dataset import Dataset
from atalho.runs.network import Start
from atalho.runs.run import Run
from atalho.storage import checkpoint, run_folder
from atalho.storage.log import JsonLines
from atalho.tasks import classification
from atalho.tasks.classification import Classification
from atalho.tasks.losses.centre import CentreLoss
from atalho.tasks.losses.further import further
from atalho.tasks.reidentification import Losses, Reidentification, protocol_for
from atalho.text import Text, _
from atalho.training import loop
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress
from atalho.training.setup import BEGINNING, EpochOrigin, TrainingSetup
from atalho.training.state import Tally, TrainingState
from atalho.training.timing import Timing


@dataclass(frozen=True)
class RunStart:
    """What rank 0 tells the others when a run begins or goes on: all that they need besides the images.

    `weights` is a safetensors file of the state's tensors, `rest` what is no tensor of it.
    """

    path: Path
    config: Config
    spec: Spec
    prepared: Preprocessing
    fingerprint: str
    precision: Literal["bf16", "fp32"]
    threads: int
    step: int
    weights: bytes
    rest: dict[str, Any]
    epoch_origin: EpochOrigin

    def restore(self, state: TrainingState) -> None:
        """Give `state` what rank 0 holds."""
        state.restore(checkpoint.Checkpoint(self.step, safetensors.torch.load(self.weights), self.rest))


def fit(run: Run, pixels: Dataset, precision: Precision, progress: Progress, ranks: Ranks) -> None:
    """Train from the newest intact checkpoint, or from the beginning, to the end; then evaluate and report."""
    c = run.config
    ranks.refuse_small(order.smallest(len(pixels.manifest.splits["train"]), c.training.batch_size))
    spec, prepared = run.network.spec, run.network.preprocessing
    saved = checkpoint.latest(run.path / run_folder.CHECKPOINTS)
    start = Start.read(c.model.start) if saved is None and c.model.start else None
    model = network.first_weights(spec, c, start).to(precision.device)
    setup = training_setup(c, pixels, prepared, precision, run.path / run_folder.CHECKPOINTS, run.epoch_origin)
    state = TrainingState.start(model, c.training, setup.steps, setup.task.tensors())
    offset = state.restore(saved) if saved is not None else 0
    if state.step == run.epoch_origin.step:
        state.tally = Tally()  # the epoch begins again with other images
    for damage in saved.damaged if saved is not None else ():
        progress.note(_("{damage}; the checkpoint before it is used").format(damage=damage))
    before = run.json(run_folder.TIMING) if (run.path / run_folder.TIMING).is_file() else None
    timing = Timing(
        run.path / run_folder.TIMING, before, minutes=c.training.checkpoint_minutes, steps=c.training.checkpoint_steps
    )
    with JsonLines(run.path / run_folder.LOG, offset) as log:
        if start is not None:
            # From here on the run does not need the model that it started from, which may change or go.
            state.save(run.path / run_folder.CHECKPOINTS, log.flush(), keep=c.training.keep)
        ranks.tell(lambda: _run_start(run, pixels, precision, state))
        ranks.wait()  # those that decode for their machine are done
        ranks.wait()  # and those that find it done
        progress.begin(run.path)
        try:
            with memory.explained(memory.MemoryRequest(spec, pixels.size, c.training, precision, ranks.world)):
                loop.fit(setup, state, ranks, log, timing, progress)
        finally:
            progress.end()
    finish.finish(run, state.averaged.network, pixels, prepared, precision, progress)
    ranks.wait()


def _run_start(run: Run, pixels: Dataset, precision: Precision, state: TrainingState) -> RunStart:
    spec, prepared = run.network.spec, run.network.preprocessing
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors().items()}
    return RunStart(
        run.path,
        run.config,
        spec,
        prepared,
        pixels.fingerprint,
        "bf16" if precision.dtype == torch.bfloat16 else "fp32",
        torch.get_num_threads(),
        state.step,
        safetensors.torch.save(tensors),
        state.rest(0),
        run.epoch_origin,
    )


def preprocessing(pixels: Dataset, config: DataConfig, start: Start | None) -> Preprocessing:
    """Mean and deviation are those of the training images, or those that the trained weights expect."""
    images = pixels.images
    if start is not None:
        mean, std = start.card.preprocessing.mean, start.card.preprocessing.std
    else:
        mean, std = channel_statistics(images, pixels.manifest.splits["train"])
    return Preprocessing(
        size=pixels.size,
        resize=images.side,
        channels=images.channels,  # type: ignore[arg-type]
        mean=mean,
        std=std,
        max_pixels=config.max_pixels,
        tiff=config.tiff,
    )


def training_setup(
    c: Config,
    pixels: Dataset,
    prepared: Preprocessing,
    precision: Precision,
    checkpoints: Path,
    epoch_origin: EpochOrigin = BEGINNING,
) -> TrainingSetup:
    """What the loop trains on; the same on every rank."""
    augment = Augment(c.augment, size=pixels.size, mean=prepared.mean, std=prepared.std, seed=c.training.seed)
    make = _reidentification if c.task == "reid" else _classification
    task = make(c, pixels, prepared, precision, augment)
    return TrainingSetup(c, task, pixels.manifest.names, precision, checkpoints, epoch_origin)


def _classification(
    c: Config, pixels: Dataset, prepared: Preprocessing, precision: Precision, augment: Augment
) -> Classification:
    manifest, balanced = pixels.manifest, c.training.class_weights == "balanced"
    weights = classification.balanced_weights(manifest.counts("train")) if balanced else None
    return Classification(
        images=pixels.images,
        labels=torch.from_numpy(manifest.labels),
        classes=len(manifest.classes),
        augment=augment,
        train=manifest.splits["train"],
        val=manifest.splits.get("val", NO_IDS),
        batch_size=c.training.batch_size,
        seed=c.training.seed,
        smoothing=c.training.label_smoothing,
        weights=weights,
        prepared=prepared,
        precision=precision,
    )


def _reidentification(
    c: Config, pixels: Dataset, prepared: Preprocessing, precision: Precision, augment: Augment
) -> Reidentification:
    manifest, images, asked = pixels.manifest, pixels.images, c.reid
    labels, train = manifest.labels, manifest.splits["train"]
    if asked.rotations:
        labels = rotated.turned_labels(labels, open_set.training_identities(manifest))
        train, images = rotated.turned(train, len(images)), RotatedImages(images)
    classes = outputs(c, manifest)
    return Reidentification(
        images=images,
        labels=torch.from_numpy(labels),
        classes=classes,
        augment=augment,
        val=manifest.splits.get("val", NO_IDS),
        train=train,
        identities=max(1, c.training.batch_size // asked.each),
        each=asked.each,
        seed=c.training.seed,
        losses=Losses(
            smoothing=c.training.label_smoothing,
            triplet=asked.triplet != "none",
            margin=asked.margin if asked.triplet == "margin" else None,
            centre=CentreLoss(classes, asked.embedding) if asked.centre else None,
            centre_weight=asked.centre,
            further=further(asked.further),
        ),
        manifest=manifest,
        pixels=pixels.images,
        protocol=protocol_for(asked.protocol, manifest),
        prepared=prepared,
        precision=precision,
    )


def outputs(c: Config, manifest: Manifest) -> int:
    """How many classes or identities the network tells apart in training."""
    if c.task != "reid":
        return len(manifest.classes)
    return open_set.training_identities(manifest) * (rotated.TURNS if c.reid.rotations else 1)


def refuse_reid(c: Config, ranks: Ranks) -> None:
    """Raises ConfigError for what re-identification does not take: parts of batches, mixed labels, missing libraries.

    A triplet compares the images of a whole batch.
    """
    if ranks.world > 1:
        raise ConfigError(
            Text(
                "Re-identification trains in one process: its loss compares all images of a batch. Leave torchrun out."
            )
        )
    if c.training.batch_size < 2 * c.reid.each:
        raise ConfigError(
            Text("A batch of {batch} images holds fewer than two identities with {each} images each. "
              "Give a larger --batch-size or a smaller --reid.each.", batch=c.training.batch_size, each=c.reid.each)
        )  # fmt: skip
    if c.training.micro_batch is not None:
        raise ConfigError(
            Text("Re-identification compares all images of a batch, which cannot run in parts: leave out "
              "training.micro_batch, or give a smaller --batch-size.")
        )  # fmt: skip
    if c.augment.mixup or c.augment.cutmix:
        raise ConfigError(Text("Re-identification takes no mixed images: leave out augment.mixup and augment.cutmix."))
    further(c.reid.further)
