"""`atalho import`: what it prints, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import weight_authors as authors

from atalho.cli import run

Refused = Callable[[list[str], str], None]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["import", "none.pth", "--model", "resnet18", "--out", "x", "--shortcut", "identity"], "none.pth"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--shortcut", "zeropad"], "Did you mean zero-pad"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--size", "-5"], "--size -5 is not accepted"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)


@pytest.mark.parametrize("given", [["0.5", "0.4", "0.3"], ["0.5,0.4,0.3"], ["0.5,", "0.4", "0.3"]])
def test_mean_in_words_or_with_commas(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(authors.resnet18().state_dict(), tmp_path / "w.ckpt")
    monkeypatch.chdir(tmp_path)
    assert run(["import", "w.ckpt", "--mean", *given, "--out", "m", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["mean"] == {"value": [0.5, 0.4, 0.3], "source": "as given"}
    assert told["model"] == "m"


def test_what_was_assumed_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"state_dict": {f"net.{n}": v for n, v in authors.resnet18().state_dict().items()}}, tmp_path / "w")
    monkeypatch.chdir(tmp_path)
    assert run(["import", "w", "--out", "m"]) == 0
    printed = capsys.readouterr().out
    for line in (
        "layout: torchvision, timm, under net.",
        "network: resnet18",
        "head: a classifier of 5 classes, fc",
        "mean: 0.485 0.456 0.406 (assumed: ImageNet's, as most weights expect)",
        "last stride: 2 (assumed: names do not tell)",
        "model folder: m",
    ):
        assert line in printed.splitlines()


def test_the_help_offers_no_empty_mean(capsys: pytest.CaptureFixture[str]) -> None:
    run(["import", "--help"])
    assert "--empty" not in capsys.readouterr().out
