"""A small model folder, for commands that look at trained networks."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from atalho.cli import run
from atalho.data.preprocessing import Preprocessing
from atalho.networks.build import create
from atalho.storage import model_folder
from atalho.storage.model_folder import Card


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mlp6 for the classes of `clothes`, as it begins, in the folder `mine`."""
    torch.manual_seed(0)
    network = create("mlp6", classes=3, in_channels=1, image_size=16)
    folder = tmp_path_factory.mktemp("models") / "mine"
    prepared = Preprocessing(size=16, resize=16, channels=1, mean=(0.5,), std=(0.5,))
    card = Card("classification", network.spec, ("bag", "sneaker", "trouser"), prepared)
    model_folder.write(folder, network.state_dict(), card)
    return folder


@pytest.fixture
def refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], str]:
    """What a command says that ends with code 2; it has written nothing. Beside it lies a file named FILE."""
    monkeypatch.chdir(tmp_path)
    Path("FILE").touch()

    def message(command: list[str]) -> str:
        assert run(command) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["FILE"]
        return capsys.readouterr().err

    return message
