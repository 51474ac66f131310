"""What follows the last step: what is fitted on validation, the evaluation, the model folder, figures and report."""

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atalho.data.dataset import Dataset
from atalho.data.manifest import Manifest
from atalho.inspection.summary import summarise
from atalho.report import figures, html
from atalho.runs import provenance
from atalho.runs.run import Run
from atalho.storage import atomic, model_folder, run_folder, threshold_file, trained_images
from atalho.storage.model_folder import Card
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Cost, Provenance
from atalho.stored import to_json
from atalho.tasks.by_name import task_of
from atalho.tasks.task import EvaluationOptions, EvaluationTarget
from atalho.text import _
from atalho.training.progress import Progress

_MEASURED = ("test", "val")
"""The splits that accuracy is measured on, in order of preference: validation only where there is no test split."""


def finish(run: Run, target: EvaluationTarget, progress: Progress) -> None:
    """Write everything of a run that its trained network decides."""
    task, network, manifest = task_of(run.config.task), target.network, target.dataset.manifest
    fitted = task.calibrate(target, run.config, run.path, progress)
    split = measured_split(manifest)
    evaluation = None
    if split is None:
        progress.note(_("No images to measure the accuracy on: there is no test split and no validation split."))
    else:
        options = EvaluationOptions(
            task.protocol(run.config),
            threshold=fitted.threshold if split != "val" else None,
            temperature=fitted.temperature,
        )
        evaluation = task.evaluate(target, split, options, progress)
        atomic.write_json(run.path / run_folder.EVALUATION, evaluation.to_dict())
    files = RunFolder(run.path)
    files.write(replace(files.read(Provenance), finished=provenance.now(), cost=_cost(target)))
    card = Card(
        task=run.config.task,
        spec=network.spec,
        classes=task.outputs(manifest, run.config),
        preprocessing=target.preprocessing,
        temperature=fitted.temperature,
        metrics={name: to_json(getattr(evaluation, name)) for name in task.summary} if evaluation is not None else {},
        provenance={
            "atalho": provenance.VERSION,
            "seed": run.config.training.seed,
            "data": target.dataset.fingerprint,
        },
    )
    trained = {run_folder.TRAINED_ON: trained_images.file_content(trained_images.read(run.path))}
    model_folder.write(run.path / run_folder.MODEL, network.state_dict(), card, trained)
    if fitted.threshold is not None:
        threshold_file.write(run.path / run_folder.MODEL, fitted.threshold, root=run.path)
    report(run, target.dataset)


def measured_split(manifest: Manifest) -> str | None:
    """The split that the reported accuracy comes from."""
    return next((name for name in _MEASURED if len(manifest.splits.get(name, ()))), None)


def report(run: Run, dataset: Dataset) -> None:
    """Write the figures and the page; the images that the task shows appear on it as pictures."""
    numbers = {name: number for number, name in enumerate(dataset.manifest.names)}
    evaluation = run.evaluation
    named = evaluation.pictures() if evaluation is not None else []
    wanted = [name for name in dict.fromkeys(named) if name in numbers]
    pictures: dict[str, bytes] = {}
    if wanted:
        ids = np.array([numbers[path] for path in wanted], dtype=np.int64)
        pictures = {path: _png(image) for path, image in zip(wanted, dataset.images[ids].cpu().numpy(), strict=True)}
    figures.write_all(run.path)
    html.write(run.path, pictures=pictures)


def _cost(target: EvaluationTarget) -> Cost:
    prepared = target.preprocessing
    total = summarise(target.network, (prepared.channels, prepared.size, prepared.size))
    return Cost(total.parameters, total.multiply_adds)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 (C,H,W) as a PNG file."""
    image = pixels.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0]).save(buffer, format="PNG")
    return buffer.getvalue()
