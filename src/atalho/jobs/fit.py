"""Train the network of a run from wherever its checkpoints stand to the end, and write what follows the last step."""

import torch
from torch import nn

from atalho.config import DataConfig
from atalho.data.augment import Augment
from atalho.data.prepare import channel_statistics
from atalho.jobs import finish, network
from atalho.jobs import run as files
from atalho.jobs.data import Pixels
from atalho.jobs.network import Start
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.precision import Precision
from atalho.storage import checkpoint
from atalho.storage.log import JsonLines
from atalho.storage.model_folder import Preprocessing
from atalho.tasks import classification
from atalho.training import loop
from atalho.training.loop import Material
from atalho.training.pace import Pace
from atalho.training.progress import Progress
from atalho.training.state import TrainingState


def fit(run: Run, pixels: Pixels, precision: Precision, progress: Progress) -> None:
    """Train from the newest intact checkpoint, or from the beginning, to the end; then evaluate and report."""
    c = run.config
    spec, prepared = run.network
    saved = checkpoint.latest(run.path / files.CHECKPOINTS)
    start = Start.read(c.model.start) if saved is None and c.model.start else None
    model = network.first_weights(spec, c, start).to(precision.device)
    material = _material(run, pixels, prepared, precision)
    state = TrainingState.start(model, c.training, material.steps)
    offset = state.restore(saved) if saved is not None else 0
    for damage in saved.damaged if saved is not None else ():
        progress.note(_("{damage}; the checkpoint before it is used").format(damage=damage))
    timing = run.json(files.TIMING) if (run.path / files.TIMING).is_file() else None
    pace = Pace(
        run.path / files.TIMING, timing, minutes=c.training.checkpoint_minutes, steps=c.training.checkpoint_steps
    )
    with JsonLines(run.path / files.LOG, offset) as log:
        if start is not None:
            # From here on the run does not need the model that it started from, which may change or go.
            state.save(run.path / files.CHECKPOINTS, log.flush(), keep=c.training.keep)
        loop.fit(material, state, log, pace, progress)
    finish.finish(run, state.averaged.network, pixels, prepared, precision, progress)


def preprocessing(pixels: Pixels, config: DataConfig, start: Start | None) -> Preprocessing:
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


def _material(run: Run, pixels: Pixels, prepared: Preprocessing, precision: Precision) -> Material:
    c, manifest = run.config, pixels.manifest
    balanced = c.training.class_weights == "balanced"
    weights = classification.balanced_weights(manifest.counts("train")).to(precision.device) if balanced else None
    validation = manifest.splits.get("val")

    def evaluate(model: nn.Module) -> tuple[float, float] | None:
        if validation is None or not len(validation):
            return None
        logits = classification.logits(model, pixels.images, validation, prepared, precision)
        labels = torch.from_numpy(manifest.labels[validation])
        right = (logits.argmax(1) == labels).sum().item()
        # The objective that is minimised, so that both curves of the report can be compared.
        objective = classification.loss(
            logits, labels, smoothing=c.training.label_smoothing, weights=None if weights is None else weights.cpu()
        )
        return objective.item(), right / len(labels)

    augment = Augment(c.augment, size=pixels.size, mean=prepared.mean, std=prepared.std, seed=c.training.seed)
    return Material(c, manifest, pixels.images, augment, weights, precision, evaluate, run.path / files.CHECKPOINTS)
