"""A small model that nobody trained, for tests of what a model does with images."""

from pathlib import Path

import torch

from atalho import networks
from atalho.data.preprocessing import Preprocessing
from atalho.precision import choose
from atalho.storage import model_folder
from atalho.storage.model_folder import Card

FP32 = choose("cpu", "fp32")


def write_model(folder: Path, channels: int = 1, **changes: object) -> Path:
    torch.manual_seed(0)
    network = networks.create("resnet20", classes=3, in_channels=channels)
    values = {
        "task": "classification",
        "spec": network.spec,
        "classes": ("bag", "shoe", "shirt"),
        "preprocessing": Preprocessing(
            size=16, resize=16, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels
        ),
        "temperature": 2.0,
    } | changes
    model_folder.write(folder, network.state_dict(), Card(**values))  # type: ignore[arg-type]
    return folder
