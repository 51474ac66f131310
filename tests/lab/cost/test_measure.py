"""What networks cost: counts to the digit, medians with intervals, and a verdict from them alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from atalho.cli import run as command_line
from atalho.errors import ConfigError
from atalho.lab.cost import measure as cost
from atalho.lab.cost.candidate import CostCandidate, candidate, counts
from atalho.lab.cost.result import Cost, Costs

VGG, RES = CostCandidate("vgg19", "other", 224), CostCandidate("resnet34", "residual", 224)


def test_counts_are_the_published_ones() -> None:
    vgg, res = counts(candidate("vgg19"), 224), counts(candidate("resnet34"), 224)
    assert (vgg.parameters, res.parameters) == (143_667_240, 21_797_672)
    assert vgg.multiply_adds == pytest.approx(19.63e9, rel=1e-2)
    assert res.multiply_adds == pytest.approx(3.66e9, rel=1e-2)


def test_the_memory_kept_of_a_linear_network_by_hand() -> None:
    # Of each image autograd keeps, besides weights: the 3072 pixels, and in a block, between it and the next and at
    # the ends, vectors of 256 numbers; fewer than one per layer, norm and ReLU, more than one per layer.
    kept = counts(candidate("mlp6"), 32).activation_bytes
    assert 4 * (3072 + 5 * 256) <= kept <= 4 * (3072 + 20 * 256)
    assert counts(candidate("resnet20"), 64).activation_bytes == pytest.approx(
        4 * counts(candidate("resnet20"), 32).activation_bytes, rel=0.01
    )


def test_the_interval_of_a_median() -> None:
    assert cost.median_interval([1.0, 2.0, 3.0]).low is None
    six = cost.median_interval([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    assert (six.low, six.median, six.high) == (1.0, 3.5, 6.0)
    nine = cost.median_interval([float(i) for i in range(9)])
    assert (nine.low, nine.median, nine.high) == (1.0, 4.0, 7.0)


def measured(parameters: int, seconds: tuple[float, float, float]) -> Costs:
    count = Cost(parameters, parameters, parameters)
    low, middle, high = seconds
    time = Cost(middle, low, high, ())
    return Costs(count, count, count, time, time)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [((0.1, 0.2, 0.3), "supported"), ((0.3, 0.5, 0.7), "not enough evidence"), ((1.1, 1.2, 1.3), "not supported")],
)
def test_the_verdict_is_by_the_intervals(seconds: tuple[float, float, float], outcome: str) -> None:
    both = {"vgg19": measured(9, (0.6, 0.8, 1.0)), "resnet34": measured(2, seconds)}
    assert cost.judge(both, {"vgg19": VGG.kind, "resnet34": RES.kind}).outcome == outcome
    assert cost.judge({"resnet34": both["resnet34"]}, {"resnet34": RES.kind}).outcome == "not enough evidence"


def test_the_command_measures_round_by_round_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["lab", "cost", "mlp6", "resnet20", "--batch", "2", "--size", "16", "--out", "cost"]
    assert command_line([*arguments, "--rounds", "1"]) == 0
    assert "Nothing was compared" in Path("cost/report.html").read_text()
    first = json.loads(Path("cost/cells/round-001.json").read_bytes())
    capsys.readouterr()
    assert command_line([*arguments, "--rounds", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert json.loads(Path("cost/cells/round-001.json").read_bytes()) == first
    assert found["measured"]["models"]["resnet20"]["parameters"]["median"] == 269_722
    assert len(found["measured"]["models"]["mlp6"]["training_seconds"]["values"]) == 2
    assert found["verdict"]["outcome"] == "not enough evidence"


@pytest.mark.parametrize(
    ("models", "options", "text"),
    [
        (["resnet3"], {}, "Did you mean resnet34"),
        (["fcn_resnet50"], {}, "is not"),
        ([], {}, "No networks given"),
        (["resnet18"], {"rounds": 0}, "rounds 0: expected a whole number of at least 1"),
        (["resnet18"], {"size": 0}, "size 0: expected a whole number of at least 1"),
    ],
)
def test_what_is_refused(models: list[str], options: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=text):
        cost.run(models, out=tmp_path / "lab", **options)
    assert list(tmp_path.iterdir()) == []
