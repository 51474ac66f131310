"""A run folder as `atalho train` leaves it, from real handwritten digits and a linear classifier."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from atalho.metrics.calibration import fit_temperature
from atalho.networks.catalogue import spec
from atalho.networks.spec import to_dict
from atalho.storage.run_folder import RunFolder
from atalho.tasks.classification import ClassificationEvaluation, measure
from atalho.text import use_language

HOSTILE = '<script>alert("1")</script> & $x^'
PREPARED = {"size": 28, "resize": 32, "channels": 3, "mean": [0.5] * 3, "std": [0.25] * 3}
CLASSES = ("0", HOSTILE, "2", "3", "4", "5", "6", "7", "8", "nine")


@pytest.fixture(autouse=True)
def _english():
    use_language("en")


@pytest.fixture(scope="session")
def digits() -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """Logits and labels of 600 images after a few steps, and their pixels (600, 8, 8) from 0 to 16."""
    images, labels = load_digits(return_X_y=True)
    inputs, targets = torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(labels)
    weights = torch.zeros(64, 10, requires_grad=True)
    for _step in range(40):
        loss = torch.nn.functional.cross_entropy(inputs[:1000] @ weights, targets[:1000])
        (gradient,) = torch.autograd.grad(loss, weights)
        weights = (weights - 2 * gradient).detach().requires_grad_()
    return (inputs[1000:1600] @ weights).detach(), targets[1000:1600], images[1000:1600].reshape(-1, 8, 8)


@pytest.fixture(scope="session")
def evaluation(digits) -> ClassificationEvaluation:
    logits, labels, _pixels = digits
    names = [f"test/{CLASSES[label]}/{number}.png" for number, label in enumerate(labels.tolist())]
    return measure(logits, labels, CLASSES, fit_temperature(logits, labels), "test", names)


@pytest.fixture(scope="session")
def pictures(digits, evaluation) -> dict[str, bytes]:
    return {row.path: as_png(digits[2][row.index]) for row in evaluation.mistakes}


@pytest.fixture(scope="session")
def complete(tmp_path_factory, digits, evaluation) -> Path:
    """A complete run folder, to be read only."""
    labels = digits[1].tolist()
    rows = []
    for epoch in (1, 2, 3):
        for step in (10 * epoch - 5, 10 * epoch):
            rows.append({"kind": "step", "step": step, "epoch": epoch, "lr": 0.4 / step, "loss": 3 / step})
        rows.append({
            "kind": "epoch", "epoch": epoch, "step": 10 * epoch, "train_loss": 2 / epoch, "train_top1": 1 - 0.5 / epoch,
            "val_loss": 2.5 / epoch, "val_top1": 1 - 0.6 / epoch, "learning_rate": 0.04 / epoch,
        })  # fmt: skip
    manifest = {
        "format": 1, "root": "/photos", "layout": "folder", "classes": list(CLASSES), "labels": labels,
        "names": [f"{label}/{number}.png" for number, label in enumerate(labels)],
        "splits": {"train": list(range(300)), "val": list(range(300, 350)), "test": list(range(350, 598))},
        "notes": ["A seeded split was made."],
    }  # fmt: skip
    run = tmp_path_factory.mktemp("runs") / "digits"
    run.mkdir()
    (run / "run.toml").write_text('[model]\nname = "resnet20"  # <b>\n[data]\npath = "/photos/digits"\n')
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write(run / "manifest.json", manifest)
    write(run / "evaluation.json", evaluation.to_dict())
    epochs = [{"epoch": e, "seconds": s, "images_per_second": 100.0} for e, s in ((1, 9.0), (2, 5.0), (3, 6.0))]
    write(run / "timing.json", {"seconds": 20.0, "images_per_second": 1234.5, "epochs": epochs})
    machine = {"cores": 2, "processor": "Xeon"}
    cost = {"parameters": 272474, "multiply_adds": 41_000_000}
    known = {"command": "atalho train /photos/digits", "seed": 7, "machine": machine, "cost": cost}
    write(run / "provenance.json", known)
    write(run / "network.json", {"spec": to_dict(spec("resnet20")), "preprocessing": PREPARED})
    return run


@pytest.fixture
def folder(complete, tmp_path) -> Path:
    """A complete run folder, fresh for each test."""
    return Path(shutil.copytree(complete, tmp_path / "digits"))


@pytest.fixture
def run(complete) -> RunFolder:
    return RunFolder.open(complete)


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))


def as_png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((pixels * 15).astype(np.uint8)).save(buffer, "png")
    return buffer.getvalue()
