"""What ends a training before its last step."""

import re
from pathlib import Path

import pytest

from atalho.api.train import train
from atalho.errors import NotFiniteError
from atalho.storage import log


def test_numbers_that_are_not_finite_stop_before_the_update(clothes: Path, tmp_path: Path) -> None:
    folder, settings = tmp_path / "x", {"training.lr": 1e30, "training.warmup": 0}
    with pytest.raises(NotFiniteError, match=r"Step \d+: the loss is .* train/") as caught:
        train(clothes, model="resnet20", epochs=3, settings=settings, out=folder)
    assert caught.value.exit_code == 1
    assert not (folder / "model").exists()
    done = [row["step"] for row in log.read(folder / "metrics.jsonl") if row["kind"] == "step"]
    assert re.match(r"Step (\d+)", str(caught.value))[1] == str(done[-1] + 1)  # type: ignore[index]
