"""What follows the last step: the temperature, the evaluation, the model folder, the figures and the report."""

import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from atalho.data.manifest import Manifest
from atalho.data.preprocessing import Preprocessing
from atalho.inspection.summary import summarise
from atalho.metrics import calibration
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.report import figures, html
from atalho.runs import provenance, reidentify, threshold_choice
from atalho.runs.dataset import Dataset
from atalho.runs.run import Run
from atalho.storage import atomic, model_folder, run_folder, threshold_file
from atalho.storage.model_folder import Card
from atalho.tasks import classification
from atalho.text import _
from atalho.training.progress import Progress

_MEASURED = ("test", "val")
"""The splits that accuracy is measured on, in order of preference: validation only where there is no test split."""


def finish(
    run: Run,
    network: Network,
    pixels: Dataset,
    prepared: Preprocessing,
    precision: Precision,
    progress: Progress,
) -> None:
    """Write everything of a run that its trained network decides."""
    reid = run.config.task == "reid"
    subject = reidentify.Subject(network, pixels, prepared, precision)
    temperature = 1.0 if reid else _temperature(network, pixels, prepared, precision)
    threshold = threshold_choice.at_the_end(run, subject, progress) if reid else None
    split = measured_split(pixels.manifest)
    evaluation = None
    if split is None:
        progress.note(_("There are no images to measure the accuracy on: no test split and no validation split."))
    else:
        how = reidentify.RetrievalOptions(run.config.reid.protocol, threshold=threshold if split != "val" else None)
        evaluation = (
            reidentify.evaluate(subject, split, how, progress)
            if reid
            else evaluate(network, pixels, split, prepared, temperature, precision, progress)
        )
        atomic.write_json(run.path / run_folder.EVALUATION, evaluation)
    record = run.json(run_folder.PROVENANCE) | {"finished": provenance.now(), "cost": _cost(network, prepared)}
    atomic.write_json(run.path / run_folder.PROVENANCE, record)
    card = Card(
        task=run.config.task,
        spec=network.spec,
        classes=reidentify.identities(pixels.manifest, rotations=run.config.reid.rotations)
        if reid
        else pixels.manifest.classes,
        preprocessing=prepared,
        temperature=temperature,
        metrics=_headline(evaluation),
        provenance={"atalho": provenance.VERSION, "seed": run.config.training.seed, "data": pixels.fingerprint},
    )
    model_folder.write(run.path / run_folder.MODEL, network.state_dict(), card)
    if threshold is not None:
        threshold_file.write(run.path / run_folder.MODEL, threshold)
    report(run, pixels)


def measured_split(manifest: Manifest) -> str | None:
    """The split that the reported accuracy comes from."""
    return next((name for name in _MEASURED if len(manifest.splits.get(name, ()))), None)


def evaluate(
    network: nn.Module,
    pixels: Dataset,
    split: str,
    prepared: Preprocessing,
    temperature: float,
    precision: Precision,
    progress: Progress,
) -> dict[str, Any]:
    """The evaluation of one split, JSON-safe, as `evaluation.json` holds it."""
    manifest, ids = pixels.manifest, pixels.manifest.splits[split]
    label = _("evaluating")
    logits = classification.logits(
        network, pixels.images, ids, prepared, precision, lambda done, total: progress.work(label, done, total)
    )
    found = classification.measure(logits, torch.from_numpy(manifest.labels[ids]), manifest.classes, temperature)
    for mistake in found["mistakes"]:
        mistake["path"] = manifest.names[ids[mistake["index"]]]
    return {"split": split, **found}


def report(run: Run, pixels: Dataset) -> None:
    """Write the figures and the page; the most confident mistakes appear on it as pictures."""
    numbers = {name: number for number, name in enumerate(pixels.manifest.names)}
    evaluation = run.evaluation
    named = [mistake["path"] for mistake in evaluation.get("mistakes", [])] + reidentify.shown(evaluation)
    wanted = [name for name in dict.fromkeys(named) if name in numbers]
    pictures: dict[str, bytes] = {}
    if wanted:
        ids = np.array([numbers[path] for path in wanted], dtype=np.int64)
        pictures = {path: _png(image) for path, image in zip(wanted, pixels.images[ids].numpy(), strict=True)}
    figures.write_all(run.path)
    html.write(run.path, pictures=pictures)


def _temperature(network: nn.Module, pixels: Dataset, prepared: Preprocessing, precision: Precision) -> float:
    ids = pixels.manifest.splits.get("val")
    if ids is None or not len(ids):
        return 1.0
    logits = classification.logits(network, pixels.images, ids, prepared, precision)
    return calibration.fit_temperature(logits, torch.from_numpy(pixels.manifest.labels[ids]))


def _cost(network: Network, prepared: Preprocessing) -> dict[str, Any]:
    total = summarise(network, (prepared.channels, prepared.size, prepared.size))
    return {"parameters": total.parameters, "multiply_adds": total.multiply_adds}


def _headline(evaluation: dict[str, Any] | None) -> dict[str, Any]:
    if evaluation is None:
        return {}
    names = reidentify.HEADLINE if "rank1" in evaluation else ("split", "images", "top1", "top1_interval", "macro_f1")
    return {name: evaluation[name] for name in names}


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 (C,H,W) as a PNG file."""
    image = pixels.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0]).save(buffer, format="PNG")
    return buffer.getvalue()
