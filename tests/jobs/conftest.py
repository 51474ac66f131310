"""One run on real images, shared by the tests that look at what it left."""

from pathlib import Path

import pytest

from atalho.jobs.run import Run
from atalho.jobs.train import train

SETTINGS = {"training.checkpoint_steps": 3, "training.lr": 0.1, "augment.pad": 2, "training.precision": "fp32"}


@pytest.fixture(scope="session")
def settings() -> dict[str, object]:
    """Settings of the shared run: 4 steps an epoch, a checkpoint every third step."""
    return dict(SETTINGS)


@pytest.fixture(scope="session")
def run(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """resnet20 after three epochs on three classes."""
    out = tmp_path_factory.mktemp("runs") / "clothes"
    return train(clothes, model="resnet20", epochs=3, batch_size=32, settings=SETTINGS, out=out)
