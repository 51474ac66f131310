from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.data import samples


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a cache folder of its own."""
    folder = tmp_path / "the cache"
    monkeypatch.setenv("ATALHO_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real images: the shipped sample, unpacked once. Not to be written to."""
    return samples.unpack("fashion", tmp_path_factory.mktemp("samples") / "fashion")


Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes a folder of small PNG files: tree("train/cat/1.png", …); each has a colour of its own."""

    def make(*names: str, root: Path | None = None, side: int = 8) -> Path:
        folder = root or tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for number, name in enumerate(names):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            colour = (number * 37 % 256, number * 91 % 256, len(name) * 11 % 256)
            Image.fromarray(np.full((side, side, 3), colour, np.uint8)).save(file, "PNG")
        return folder

    return make
