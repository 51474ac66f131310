"""Two images: how similar they are, and whether that is enough."""

from pathlib import Path

import pytest

from atalho.api.compare import compare
from atalho.errors import ConfigError
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


def test_it_computes_in_fp32_unless_bf16_is_asked_for(run: Run, clothes: Path) -> None:
    one, other = (str(sorted((clothes / "test" / name).iterdir())[0]) for name in ("bag", "sneaker"))
    usual, fast = compare(run.path, one, other), compare(run.path, one, other, precision="bf16")
    assert (usual.precision, fast.precision) == ("fp32", "bf16")
    assert usual.similarity != fast.similarity
    assert fast.similarity == pytest.approx(usual.similarity, abs=0.05)
    assert usual.similarity == compare(run.path, one, other, precision="fp32").similarity
    with pytest.raises(ConfigError, match="precision = 'fp16': expected fp32 or bf16"):
        compare(run.path, one, other, precision="fp16")  # type: ignore[arg-type]
