"""Silent blocks: exactly the network without them where theory says so, and measurably not where it does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from atalho.cli import run as command_line
from atalho.errors import ConfigError
from atalho.lab.identity import measure as identity
from atalho.lab.identity.result import IdentityRow

SPEC = 'family = "resnet"\ndesign = "{design}"\nblocks = [3, 2]\nwidths = [8, 16]\nstem_channels = 8\nstem = "small"\n'


def found(tmp_path: Path, clothes: Path, spec: str) -> dict[str, IdentityRow]:
    model = tmp_path / "tiny.toml"
    model.write_text(spec)
    result = identity.run(str(model), clothes, images=2, out=tmp_path / "lab")
    assert result.verdict.outcome == "supported"
    assert result.largest_difference == 0.0
    return {row.cell: row for row in result.rows}


def test_after_the_activation_it_takes_zero_norms_and_an_input_that_is_not_negative(
    tmp_path: Path, clothes: Path
) -> None:
    rows = found(tmp_path, clothes, SPEC.format(design="basic"))
    exact = {name for name, row in rows.items() if row.difference == 0.0}
    assert exact == {
        *(f"zeroed.{mode}.{images}" for mode in ("eval", "train") for images in ("random", "real")),
        *("convolutions.eval.real", "convolutions.train.real", "statistics.train.real", "not-negative.eval.random"),
    }
    assert all(row.largest_output > 0 for row in rows.values())
    assert {name for name in rows if name not in exact} == {
        *("shift.eval.real", "shift.train.real", "statistics.eval.real", "negative.eval.random"),
        *("no-shortcut.eval.real", "no-shortcut.train.real", "projection.eval.random"),
    }


def test_before_the_activation_zero_convolutions_are_enough_for_any_input(tmp_path: Path, clothes: Path) -> None:
    rows = found(tmp_path, clothes, SPEC.format(design="preactivation-basic"))
    inexact = {row.case for row in rows.values() if row.difference > 0}
    assert inexact == {"no-shortcut", "projection"}


def test_the_linear_block(tmp_path: Path, clothes: Path) -> None:
    rows = found(tmp_path, clothes, 'family = "mlp"\nblocks = [3]\nwidths = [16]\nside = 8\n')
    assert "projection.eval.random" not in rows
    assert rows["negative.eval.random"].difference > 0 == rows["not-negative.eval.random"].difference


def test_the_command_says_that_both_are_equal_and_goes_on_where_it_was(
    tmp_path: Path, clothes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(SPEC.format(design="basic"))
    arguments = ["lab", "identity", "tiny.toml", str(clothes), "--images", "2"]
    assert command_line(arguments) == 0
    printed = capsys.readouterr()
    assert "The claim is supported." in printed.out
    exact = "The network with its first blocks at zero exactly equals the network without them"
    assert f"  {exact} (largest difference of the outputs: 0).\n" in printed.out
    first = json.loads(Path("lab/identity-tiny/result.json").read_bytes())["measured"]
    for cell in list(Path("lab/identity-tiny/cells").iterdir())[::2]:
        cell.unlink()
    assert command_line([*arguments, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["largest_difference"], again["measured"]) == (0.0, first)
    assert {path.name for path in Path("lab/identity-tiny").iterdir()} >= {"report.html", "figure.svg", "figure.png"}


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        ("plain20", {}, "plain20 has 0 blocks with an identity shortcut, fewer than the 2 given"),
        ("densenet121", {}, "densenet121 has 0 blocks with an identity shortcut"),
        ("resnet20", {"blocks": 0}, "blocks 0: expected a whole number of at least 1"),
        ("resnet20", {"images": 0}, "images 0: expected a whole number of at least 1"),
        ("resnet20", {"blocks": 99}, "resnet20 has 7 blocks with an identity shortcut, fewer than the 99 given"),
    ],
)
def test_what_is_refused(model: str, options: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=text):
        identity.run(model, out=tmp_path / "lab", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_budget_is_refused_rather_than_ignored(tmp_path: Path, clothes: Path) -> None:
    with pytest.raises(TypeError, match="budget_minutes"):
        identity.run("resnet20", clothes, out=tmp_path / "lab", budget_minutes=1)  # type: ignore[call-arg]


def test_another_difference_than_zero_is_no_support() -> None:
    assert identity.judge(0.0).outcome == "supported"
    assert identity.judge(1e-7).outcome == "not supported"
