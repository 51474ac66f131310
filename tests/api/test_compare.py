"""Two images: how similar they are, and whether that is enough."""

from pathlib import Path

import pytest

from atalho.api.compare import compare
from atalho.runs.run import Run


def test_two_images_are_compared(run: Run, clothes: Path) -> None:
    one, other = (str(sorted((clothes / "test" / name).iterdir())[0]) for name in ("bag", "sneaker"))
    assert compare(run.path, one, one).similarity == pytest.approx(1, abs=1e-5)
    apart = compare(run.path, one, other)
    assert -1 <= apart.similarity < 0.999
    assert (apart.threshold, apart.same) == (None, None)


def test_the_threshold_decides(run: Run, clothes: Path, threshold: float) -> None:
    one, other = (str(sorted((clothes / "test" / name).iterdir())[0]) for name in ("bag", "sneaker"))
    assert compare(run.path, one, one).same is True
    found = compare(run.path, one, other)
    assert (found.threshold, found.same) == (threshold, False)
