"""The images of a run before and after their pixels were read."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from atalho.config import Config, DataConfig
from atalho.errors import DataError
from atalho.runs.dataset import open_dataset, survey_data
from atalho.training.progress import Progress


class Notes(Progress):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


def asked(path: Path, **data: object) -> Config:
    return dataclasses.replace(Config(), data=dataclasses.replace(DataConfig(path=str(path)), **data))


@pytest.fixture
def own(clothes: Path, tmp_path: Path) -> Path:
    return shutil.copytree(clothes, tmp_path / "clothes")


def test_headers_say_side_and_channels(clothes: Path) -> None:
    looked = survey_data(asked(clothes), Progress())
    assert (looked.size, looked.channels) == (16, 1)
    assert len(looked.manifest.splits["train"]) + len(looked.manifest.splits["val"]) == 120


def test_a_side_that_was_asked_for_is_kept(clothes: Path) -> None:
    assert survey_data(asked(clothes, size=24), Progress()).size == 24


def test_a_bad_image_is_refused_or_left_out_and_recorded(own: Path) -> None:
    (own / "train" / "bag" / "0000.png").write_text("<html>")
    with pytest.raises(DataError, match=r"train/bag/0000\.png"):
        survey_data(asked(own), Progress())
    config, notes = asked(own, skip_bad=True), Notes()
    pixels = open_dataset(survey_data(config, notes), config.data, notes, channels=1)
    assert notes.told == [
        "found: train, test; 3 classes; 180 images",
        "classes: bag, sneaker, trouser",
        "1 image left out: train/bag/0000.png",
    ]
    (skipped,) = pixels.record().skipped
    assert skipped.path == "train/bag/0000.png"
    everything = sum(len(pixels.manifest.splits[name]) for name in ("train", "val", "test"))
    assert everything == 179


def test_a_class_of_which_nothing_is_left_is_refused(own: Path) -> None:
    for image in (own / "train" / "bag").iterdir():
        image.write_text("<html>")
    config = asked(own, skip_bad=True)
    with pytest.raises(DataError, match="No training image of bag can be read"):
        open_dataset(survey_data(config, Progress()), config.data, Progress(), channels=1)


def test_the_fingerprint_is_of_the_content(own: Path, clothes: Path) -> None:
    def fingerprint(path: Path) -> str:
        config = asked(path)
        return open_dataset(survey_data(config, Progress()), config.data, Progress(), channels=1).fingerprint

    assert fingerprint(own) == fingerprint(clothes)
    shutil.copy(own / "test" / "bag" / "0001.png", own / "test" / "bag" / "0000.png")
    assert fingerprint(own) != fingerprint(clothes)
