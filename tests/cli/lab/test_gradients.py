"""`atalho lab gradients`: a budget leaves the rest for later; mistakes end with code 2 before any work."""

import json
from pathlib import Path

import pytest

from atalho.cli import run


def test_a_model_has_its_twin_beside_it(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seeds", "1", "--batch", "8", "--budget", "0", "--out", str(tmp_path / "out"), "--json"]
    assert run(["lab", "gradients", str(model), str(clothes), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["measured"]["series"]] == ["mine", "plainmlp6"]
    assert found["missing"] == ["mine.seed0", "plainmlp6.seed0", *(f"mine.batch{place}" for place in range(5))]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["resnet57", "nowhere"], "network 'resnet57' is not in the catalogue"),
        (["resnet20"], "give the images too"),
        (["resnet20", "nowhere", "--seeds", "0"], "Give at least 1 seed"),
        (["resnet20", "nowhere", "--lr", "0"], "the learning rate must be greater than 0"),
    ],
)
def test_mistakes_end_with_code_2_before_any_work(
    given: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["lab", "gradients", *given]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
