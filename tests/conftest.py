"""Small sets of real images for tests that train, and English texts whatever the machine speaks."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from atalho.data import samples
from atalho.text import use_language

if TYPE_CHECKING:
    from published_weights import World

    from atalho.runs.run import Run

# A shell that runs the tests in the background has them ignore what tests of stops send.
signal.signal(signal.SIGINT, signal.default_int_handler)
# A second thread in each of several test processes makes them wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests promise the bytes of a CPU, and two ranks want two devices. What is for a GPU asks for it.
os.environ.setdefault("ATALHO_DEVICE", "cpu")


@pytest.fixture(autouse=True)
def english() -> None:
    use_language("en")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of decoded images for this test process alone, so that no test depends on an earlier run."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("ATALHO_CACHE")
    os.environ["ATALHO_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["ATALHO_CACHE"]
    else:
        os.environ["ATALHO_CACHE"] = before


@pytest.fixture(scope="session")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole fashion sample: PNG class folders with splits."""
    return samples.unpack("fashion", tmp_path_factory.mktemp("samples") / "fashion")


@pytest.fixture(scope="session")
def clothes(fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of the sample, 40 training and 20 test images each, at 16 pixels: an epoch takes a moment."""
    folder = tmp_path_factory.mktemp("clothes")
    for name in ("bag", "sneaker", "trouser"):
        for split, count in (("train", 40), ("test", 20)):
            target = folder / split / name
            target.mkdir(parents=True)
            for image in sorted((fashion / split / name).iterdir())[:count]:
                with Image.open(image) as picture:
                    picture.resize((16, 16), Image.Resampling.BILINEAR).save(target / image.name)
    return folder


SETTINGS = {"training.checkpoint_steps": 3, "training.lr": 0.1, "augment.pad": 2, "training.precision": "fp32"}


@pytest.fixture(scope="session")
def settings() -> dict[str, object]:
    """Settings of the shared run: 4 steps an epoch, a checkpoint every third step."""
    return dict(SETTINGS)


@pytest.fixture(scope="session")
def run(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """One run on real images, shared by the tests that look at what it left: resnet20 after three epochs."""
    from atalho.api.train import train

    out = tmp_path_factory.mktemp("runs") / "clothes"
    return train(clothes, model="resnet20", epochs=3, batch_size=32, settings=SETTINGS, out=out)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["World"]:
    """A machine without weights, and a server on it that has some by the name tv:tiny."""
    from published_weights import published

    with published(tmp_path, monkeypatch) as found:
        yield found
