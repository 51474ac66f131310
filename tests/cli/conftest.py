"""A model that nobody trained, for commands that need one and not what it has learnt; and how a command is called."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import atalho
from atalho import cli
from atalho.data.preprocessing import Preprocessing
from atalho.runs.run import Run
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


@pytest.fixture(name="atalho")
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a user meets it: one process per command."""

    def call(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-m", "atalho", *arguments], capture_output=True, text=True, check=False, **kwargs
        )

    return call


@pytest.fixture
def refused(
    run: Run, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str], str], None]:
    """Checks that a command line is refused with one message that has a text, and leaves nothing behind.

    DATA and RUN stand for images and a run.
    """
    monkeypatch.chdir(tmp_path)
    places = {"DATA": str(clothes), "RUN": str(run.path)}

    def check(arguments: list[str], text: str) -> None:
        before = sorted(tmp_path.iterdir())
        assert cli.run([places.get(argument, argument) for argument in arguments]) == 2
        printed = capsys.readouterr()
        assert text in printed.err
        assert "Traceback" not in printed.err
        assert printed.out == ""
        assert sorted(tmp_path.iterdir()) == before

    return check
