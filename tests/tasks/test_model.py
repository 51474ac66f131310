"""A model that is ready for use: loading it, and what images may be."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from atalho import networks
from atalho.errors import AtalhoError, WeightsError
from atalho.networks import spec
from atalho.precision import choose
from atalho.storage import model_folder
from atalho.storage.model_folder import Card, Preprocessing
from atalho.tasks import model

FP32 = choose("cpu", "fp32")


def _write(folder: Path, channels: int = 1, **changes: object) -> Path:
    torch.manual_seed(0)
    network = networks.create("resnet20", classes=3, in_channels=channels)
    values = {
        "task": "classification",
        "spec": spec.to_dict(network.spec),
        "classes": ("bag", "shoe", "shirt"),
        "preprocessing": Preprocessing(
            size=16, resize=16, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels
        ),
        "temperature": 2.0,
    } | changes
    model_folder.write(folder, network.state_dict(), Card(**values))  # type: ignore[arg-type]
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _write(tmp_path / "model")


@pytest.fixture
def image(clothes: Path) -> Path:
    return sorted((clothes / "test" / "bag").iterdir())[0]


def test_an_image_may_be_a_path_bytes_a_picture_or_an_array(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    with Image.open(image) as picture:
        picture.load()
    forms = [image, str(image), image.read_bytes(), picture, np.asarray(picture), picture.convert("CMYK")]
    first, *others = loaded.predict(forms, top=3)
    assert all(other.label == first.label for other in others)
    assert all(other.probability == pytest.approx(first.probability, abs=1e-5) for other in others[:4])
    assert loaded.embed(forms).shape == (6, 64)


def test_probabilities_are_those_of_the_logits_over_the_temperature(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    x = (torch.tensor(np.asarray(Image.open(image)))[None, None] / 255 - 0.5) / 0.25
    with torch.no_grad():
        shares = (loaded.network(x) / 2.0).softmax(1)[0]
    assert loaded.predict([image])[0].probability == pytest.approx(shares.max().item(), abs=1e-5)


def test_an_image_does_not_depend_on_its_neighbours(folder: Path, clothes: Path) -> None:
    loaded = model.load(folder, FP32)
    images = sorted((clothes / "test" / "bag").iterdir())
    together = loaded.embed(images)
    assert torch.allclose(loaded.embed(images[3:4])[0], together[3], atol=1e-5)


def test_no_images_give_no_vectors(folder: Path) -> None:
    assert model.load(folder).embed([]).shape == (0, 64)
    assert model.load(folder).predict([]) == []


def test_loading_leaves_the_callers_chance_alone(folder: Path) -> None:
    states = (torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index,union-attr]
    model.load(folder)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index,union-attr]
    assert random.getstate() == states[2]


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    # A folder of the two files alone is a model too.
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"format": 2}, "format"),
        ({"extra": 1}, "extra"),
        ({"classes": ["a", "b"]}, "2 class names for a network with 3 classes"),
        ({"spec": {"family": "resnet"}}, "needs"),
        ({"spec": {"family": "vgg"}}, "vgg"),
        ({"spec": spec.to_dict(networks.create("resnet56", classes=3, in_channels=1).spec)}, "does not fit"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder: Path, changes: dict[str, object], text: str) -> None:
    _edit(folder, **changes)
    with pytest.raises(AtalhoError, match=text):
        model.load(folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(AtalhoError, match="damaged"):
        model.load(folder)
    path.write_bytes(content[:100])
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        model.load(folder)
