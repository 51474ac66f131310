"""What follows the last step: the model folder, the temperature, the evaluation, the figures and the report."""

import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from atalho.data.manifest import Manifest
from atalho.data.packed import Images
from atalho.jobs import run as files
from atalho.jobs.run import Run
from atalho.metrics import calibration
from atalho.precision import Precision
from atalho.report import figures, html
from atalho.storage import atomic, model_folder
from atalho.storage.model_folder import Card, Preprocessing
from atalho.tasks import classification

TEST_SPLITS = ("test", "val")
"""Where accuracy is measured, in order of preference: validation only where there is no test split."""


def measured_split(manifest: Manifest) -> str | None:
    """The split that the reported accuracy comes from."""
    return next((name for name in TEST_SPLITS if len(manifest.splits.get(name, ()))), None)


def fitted_temperature(
    network: nn.Module, manifest: Manifest, images: Images, prepared: Preprocessing, precision: Precision
) -> float:
    """The temperature that fits the validation split best; 1 where there is none."""
    ids = manifest.splits.get("val")
    if ids is None or not len(ids):
        return 1.0
    logits = classification.logits(network, images, ids, prepared, precision)
    return calibration.fit_temperature(logits, torch.from_numpy(manifest.labels[ids]))


def evaluate(
    network: nn.Module,
    manifest: Manifest,
    images: Images,
    split: str,
    card: Card,
    precision: Precision,
) -> dict[str, Any]:
    """The evaluation of one split, JSON-safe, as `evaluation.json` holds it."""
    ids = manifest.splits[split]
    logits = classification.logits(network, images, ids, card.preprocessing, precision)
    labels = torch.from_numpy(manifest.labels[ids])
    found = classification.measure(logits, labels, card.classes, card.temperature)
    for mistake in found["mistakes"]:
        mistake["path"] = manifest.names[ids[mistake["index"]]]
    return {"split": split, **found}


def write_model(run: Run, network: nn.Module, card: Card) -> None:
    """Write `model/`, all that is needed to use the network elsewhere."""
    model_folder.write(run.path / files.MODEL, network.state_dict(), card)


def write_report(run: Run, manifest: Manifest, images: Images) -> None:
    """Write the figures and the page; the mistakes appear on it as pictures."""
    names = {name: i for i, name in enumerate(manifest.names)}
    wanted = [m["path"] for m in run.evaluation.get("mistakes", []) if m["path"] in names]
    pictures = {}
    if wanted:
        ids = np.array([names[path] for path in wanted], dtype=np.int64)
        pictures = {path: _png(pixels) for path, pixels in zip(wanted, images[ids].numpy(), strict=True)}
    figures.write_all(run.path)
    html.write(run.path, pictures=pictures)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 (C,H,W) as PNG."""
    channels_last = pixels.transpose(1, 2, 0)
    picture = Image.fromarray(channels_last if channels_last.shape[2] == 3 else channels_last[:, :, 0])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def record_evaluation(run: Run, evaluation: dict[str, Any]) -> None:
    """Write `evaluation.json`."""
    atomic.write_json(run.path / files.EVALUATION, evaluation)
