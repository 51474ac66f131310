"""What is measured on is what is predicted: evaluation and `predict` see the same pixels of a large photograph."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_model import write_model

from atalho.config import Config, DataConfig
from atalho.data.decoding.decode import decode_square
from atalho.data.duplicates import LeftOut
from atalho.data.preprocessing import Preprocessing
from atalho.model import Model, load
from atalho.runs import evaluation_data
from atalho.runs.dataset import open_dataset, survey_data
from atalho.training.progress import Progress

CLASSES = ("bag", "shirt", "shoe")
SIDE = 32


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JPEGs of 800 × 600 pixels with much detail, an image of each class in each split."""
    root = tmp_path_factory.mktemp("photographs")
    chance = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for name in CLASSES:
            (root / split / name).mkdir(parents=True)
            noise = chance.integers(0, 256, (600, 800, 3), np.uint8)
            Image.fromarray(noise).save(root / split / name / "large.jpg", quality=90)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    prepared = Preprocessing(size=SIDE, resize=SIDE, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    return load(write_model(tmp_path_factory.mktemp("models") / "model", 3, classes=CLASSES, preprocessing=prepared))


def test_an_evaluation_measures_what_predict_sees(photographs: Path, model: Model) -> None:
    for folder in (photographs, photographs / "train"):  # the test split, and a folder without splits
        loaded, dataset = evaluation_data.others(model.folder, folder, Progress(), skip_bad=False)
        ids = dataset.manifest.splits["test"]
        assert len(ids) == 3
        for number in ids.tolist():
            path = dataset.manifest.path(number)
            measured = dataset.images[np.array([number])]
            assert torch.equal(measured, model.pixels(path))
            with Image.open(path) as picture:
                assert torch.equal(measured, model.pixels(picture))
                assert torch.equal(measured, model.pixels(np.asarray(picture)))
            (predicted,) = model.predict(path, top=3)
            (found,) = loaded.predict_pixels(measured, top=3)
            assert found.top == predicted.top


@pytest.mark.parametrize("cache_gb", [0, 1])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_reduces_large_images_for_training_alone(
    photographs: Path, model: Model, cache_gb: float, workers: int
) -> None:
    data = DataConfig(path=str(photographs), size=SIDE, cache_gb=cache_gb, workers=workers)
    dataset = open_dataset(survey_data(Config(data=data), Progress()), data, Progress(), channels=3)
    for split, ids in dataset.manifest.splits.items():
        for number in ids.tolist():
            path = dataset.manifest.path(number)
            found, predicted = dataset.images[np.array([number])], model.pixels(path)
            assert torch.equal(found, predicted) == (split != "train")
            reduced = torch.tensor(decode_square(path, fit=dataset.fit, channels=3)).permute(2, 0, 1)[None]
            assert torch.equal(found, reduced) == (split == "train")
    dataset.images.close()


def test_what_leaves_its_split_is_decoded_as_before(photographs: Path) -> None:
    surveyed = survey_data(Config(data=DataConfig(path=str(photographs), size=SIDE)), Progress())
    splits = surveyed.manifest.splits
    assert surveyed.measured.tolist() == sorted([*splits["val"].tolist(), *splits["test"].tolist()])
    leaving = {name: (int(splits[name][0]),) for name in ("train", "val")}
    apart = surveyed.without(LeftOut(surveyed.survey.fingerprint, leaving))
    assert len(apart.manifest.splits["val"]) == 2
    assert apart.measured.tolist() == surveyed.measured.tolist()
    nothing = dataclasses.replace(surveyed, manifest=dataclasses.replace(surveyed.manifest, splits={}))
    assert nothing.measured.tolist() == []
