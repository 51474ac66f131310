"""A run that re-identifies, on real characters, for the tests that look at what it left; and a threshold."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from atalho.api.train import train
from atalho.data import samples
from atalho.metrics.verification import Threshold
from atalho.runs.run import Run
from atalho.storage import threshold_file

SETTINGS = {
    "data.val_fraction": 0.4, "data.test_fraction": 0.3, "data.size": 16, "training.batch_size": 16,
    "training.precision": "fp32", "reid.embedding": 32, "reid.false_accept": 0.05,
}  # fmt: skip


@pytest.fixture(scope="session")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty characters of two alphabets by eight drawers."""
    whole = samples.unpack("omniglot", tmp_path_factory.mktemp("samples") / "omniglot")
    small = tmp_path_factory.mktemp("characters")
    for alphabet in ("Greek", "Latin"):
        for character in sorted((whole / alphabet).iterdir())[:10]:
            (small / alphabet / character.name).mkdir(parents=True)
            for image in sorted(character.iterdir())[:8]:
                shutil.copy(image, small / alphabet / character.name)
    return small


@pytest.fixture(scope="session")
def trained(characters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("runs") / "characters"
    return train(characters, task="reid", model="resnet20", epochs=2, settings=SETTINGS, out=out)


@pytest.fixture
def threshold(run: Run) -> Iterator[float]:
    """A threshold of the shared run, taken away again."""
    similarity = 0.999
    chosen = Threshold(similarity, 0.01, 0.01, (0.0, 0.02), 0.1, (0.05, 0.15), 100, 1000)
    threshold_file.write(run.path / "model", chosen)
    yield similarity
    (run.path / "model" / threshold_file.NAME).unlink()
