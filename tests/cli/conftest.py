"""A model that nobody trained, for commands that need one and not what it has learnt."""

from pathlib import Path

import pytest

import atalho
from atalho.data.preprocessing import Preprocessing
from atalho.storage import model_folder
from atalho.storage.model_folder import Card


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder for grey images of 16 pixels and three classes."""
    folder = tmp_path_factory.mktemp("models") / "model"
    network = atalho.create("resnet20", classes=3, in_channels=1)
    prepared = Preprocessing(16, 16, 1, (0.3,), (0.3,))
    card = Card("classification", network.spec, ("bag", "sneaker", "trouser"), prepared)
    model_folder.write(folder, network.state_dict(), card)
    return folder


@pytest.fixture
def filled(model: Path, clothes: Path, tmp_path: Path) -> str:
    """A gallery of the test images of clothes: 20 of each of three kinds."""
    gallery = str(tmp_path / "clothes.db")
    atalho.index(model, [str(clothes / "test")], gallery)
    return gallery
