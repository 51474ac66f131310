"""A model that is ready for use: loading it, and what it says."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_model import FP32, write_model

from atalho import model, networks
from atalho.data.images import PackedImages
from atalho.data.preprocessing import Preprocessing
from atalho.errors import AtalhoError, ConfigError, DataError, NotFiniteError, WeightsError
from atalho.networks import spec
from atalho.storage import model_folder
from atalho.tasks import classification
from atalho.tasks.forward import forward


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def image(clothes: Path) -> Path:
    return sorted((clothes / "test" / "bag").iterdir())[0]


@pytest.mark.parametrize("top", [0, -1, 1.5])
def test_top_is_one_or_more(folder: Path, image: Path, top: int) -> None:
    with pytest.raises(ConfigError, match=f"top = {top}: expected a whole number of at least 1"):
        model.load(folder, FP32).predict([image], top=top)


def test_tiff_and_large_images_are_taken_as_in_training(folder: Path, image: Path, tmp_path: Path) -> None:
    tiff = tmp_path / "image.tif"
    Image.open(image).save(tiff)
    with pytest.raises(DataError, match="a TIFF file; train with data"):
        model.load(folder, FP32).pixels(tiff)
    prepared = Preprocessing(size=16, resize=16, channels=1, mean=(0.5,), std=(0.25,), max_pixels=256, tiff=True)
    loaded = model.load(write_model(tmp_path / "other", preprocessing=prepared), FP32)
    assert torch.equal(loaded.pixels(tiff), loaded.pixels(image))
    with Image.open(image) as picture:
        picture.resize((17, 16)).save(tiff)
    with pytest.raises(DataError, match="more than the limit of 256"):
        loaded.pixels(tiff)


def test_an_evaluation_is_as_sure_of_a_mistake_as_a_prediction(folder: Path, clothes: Path) -> None:
    loaded, paths = model.load(folder, FP32), sorted((clothes / "test" / "bag").iterdir())
    pixels = torch.cat([loaded.pixels(path) for path in paths]).permute(0, 2, 3, 1).numpy()
    ids = np.arange(len(paths))
    logits = forward(loaded.network, PackedImages(pixels, ()), ids, loaded.card.preprocessing, FP32)
    wrong = (logits.argmax(1) + 1) % 3
    found = classification.measure(logits, wrong, loaded.classes, loaded.card.temperature, "test", [*map(str, paths)])
    assert len(found.mistakes) == len(paths)
    for mistake in found.mistakes:
        prediction = loaded.predict([paths[mistake.index]])[0]
        assert mistake.predicted == prediction.label
        assert mistake.probability == pytest.approx(prediction.probability, abs=1e-6)


def test_an_output_that_is_no_number_is_not_called_a_probability(folder: Path, image: Path) -> None:
    loaded = model.load(folder, FP32)
    torch.nn.init.constant_(loaded.network.stem.conv.weight, float("inf"))  # type: ignore[union-attr,arg-type]
    for method in (loaded.predict, loaded.embed):
        with pytest.raises(NotFiniteError, match="the network's output is not finite"):
            method([image])


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


PREPARED = {"size": 16, "resize": 16, "channels": 1, "mean": [0.5], "std": [0.25]}


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    # A folder of the two files alone is a model too.
    (folder / "checksums.json").unlink()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"format": 2}, "format"),
        ({"extra": 1}, "extra"),
        ({"classes": ["a", "b", "a"]}, "two classes have the same name"),
        ({"preprocessing": PREPARED | {"mean": [0.5, 0.5]}}, "mean and std need a value for each of 1 channels"),
        ({"preprocessing": PREPARED | {"mean": [float("nan")]}}, "preprocessing.mean.0"),
        ({"preprocessing": PREPARED | {"std": [float("inf")]}}, "preprocessing.std.0"),
        ({"preprocessing": PREPARED | {"size": 17}}, "size 17 is larger than 16"),
        (
            {"preprocessing": PREPARED | {"size": 3}},
            "1 channels and 3 pixels, but the network needs 1 .* and at least 4",
        ),
        (
            {"preprocessing": PREPARED | {"channels": 3, "mean": [0.5] * 3, "std": [0.5] * 3}},
            "images with 3 channels and 16 pixels, but the network needs 1 channels",
        ),
        ({"classes": ["a", "b"]}, "2 class names for a network with 3 classes"),
        ({"spec": {"family": "resnet"}}, "design is missing"),
        ({"spec": {"family": "vgg"}}, "vgg"),
        ({"spec": spec.to_dict(networks.create("resnet56", classes=3, in_channels=1).spec)}, "does not match"),
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
    with pytest.raises(WeightsError, match=r"Cannot read .* as weights"):
        model.load(folder)


@pytest.mark.parametrize("changes", [{"blocks": [1300, 1300, 1300]}, {"classes": 65_536}])
def test_a_network_that_the_file_cannot_fill_is_not_built(
    folder: Path, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    _edit(folder, spec=json.loads((folder / "config.json").read_text())["spec"] | changes)
    monkeypatch.setattr(model, "build", None)
    with pytest.raises(WeightsError, match=r"fewer than the network's 7802 layers|for a network with 65536 classes"):
        model.load(folder)


@pytest.mark.parametrize(("name", "value"), [("stem.norm.running_var", -1.0), ("stem.conv.weight", float("nan"))])
def test_weights_that_give_no_numbers_are_refused(folder: Path, name: str, value: float) -> None:
    network = model.load(folder, FP32).network
    network.get_parameter(name).data.fill_(value) if "weight" in name else network.get_buffer(name).fill_(value)
    model_folder.write(folder, network.state_dict(), model_folder.read_card(folder))
    with pytest.raises(WeightsError, match=f"non-finite weights or a negative variance, first in {name}"):
        model.load(folder)


def test_it_computes_in_fp32_unless_bf16_is_asked_for(folder: Path, image: Path) -> None:
    usual, fast = model.load(folder), model.load(folder, "bf16")
    assert (usual.precision.numbers, fast.precision.numbers) == ("fp32", "bf16")
    assert torch.equal(usual.embed(image), model.load(folder, FP32).embed(image))
    assert not torch.equal(usual.embed(image), fast.embed(image))
    with pytest.raises(ConfigError, match=r"precision = 'fp16': expected fp32 or bf16\."):
        model.load(folder, "fp16")  # type: ignore[arg-type]
