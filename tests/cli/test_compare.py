"""`atalho compare`: what it says of two images, and what to do where it cannot decide."""

from pathlib import Path

import pytest

from atalho import cli


def test_a_classifier_is_told_what_tells_objects_apart(
    model: Path, clothes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (str(clothes / "test" / name / "0000.png") for name in ("bag", "trouser"))
    assert cli.run(["compare", str(model), one, other]) == 0
    out = capsys.readouterr().out
    assert "the model is a classifier" in out
    assert "atalho train DATA --task reid" in out
