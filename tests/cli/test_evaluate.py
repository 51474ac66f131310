"""`atalho evaluate`: what it prints, and what it refuses."""

import json
import re
from collections.abc import Callable

import pytest
import torch

from atalho.cli import run as command_line
from atalho.cli.evaluate import RerankOptions, say
from atalho.errors import ConfigError
from atalho.gallery.rerank import Rerank
from atalho.runs.run import Run
from atalho.tasks import classification

Refused = Callable[[list[str], str], None]


def test_evaluate_prints_the_promised_fields(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["evaluate", str(run.path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"top1", "top1_interval", "top5", "images"} <= printed.keys()
    assert command_line(["evaluate", str(run.path)]) == 0
    assert "60 images" in capsys.readouterr().out


def test_numbers_of_a_reranking_are_those_given_and_otherwise_those_that_help_tells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert RerankOptions().asked() is None
    assert RerankOptions(rerank=True, k2=2).asked() == Rerank(k2=2)
    assert command_line(["evaluate", "--help"]) == 0
    lines = capsys.readouterr().out
    usual = Rerank()
    for name, value in (("k1", usual.k1), ("k2", usual.k2), ("share", usual.share)):
        told = lines[lines.index(f"--rerank-{name}") :]
        assert told[told.index("[default:") :].startswith(f"[default: {value}]")
    with pytest.raises(ConfigError, match="expected 1 ≤ k2 ≤ k1"):
        RerankOptions(rerank=True, k1=2).asked()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["evaluate"], "RUN is missing (run, model folder or name of pretrained weights; or vectors with identities"),
        (["evaluate", "RUN", "--rerank-k1", "3"], "--rerank-k1 only works with --rerank: give both or neither."),
        (["evaluate", "RUN", "--rerank-share", "0"], "--rerank-share only works with --rerank: give both or neither."),
        (["evaluate", "RUN", "--rerank"], "re-identification, and this model is a classifier. Remove them."),
        (["evaluate", "RUN", "--protocol", "auto"], "re-identification, and this model is a classifier. Remove them."),
        (["evaluate", "RUN", "--average-precision", "trapezoid"], "this model is a classifier. Remove them."),
        (["evaluate", "nowhere", "DATA"], "nowhere is not a run or model folder"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)


def test_of_many_classes_the_worst_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    labels = torch.arange(300)
    # The first 120 classes are taken for the last, so that their F1 is 0; the others are right.
    logits = torch.eye(300)[torch.where(labels < 120, 299, labels)]
    names = [f"{number}.png" for number in range(300)]
    found = classification.measure(logits, labels, tuple(f"c{number:03d}" for number in range(300)), 1.0, "test", names)
    say(found)
    printed = capsys.readouterr().out
    assert re.findall(r"^(c\d{3}) ", printed, re.MULTILINE) == [f"c{number:03d}" for number in range(10)]
    assert "the 10 classes with the lowest F1 of 300 (--all prints all)" in printed
    assert printed.splitlines()[-1].startswith("test: top-1 60.0%")
    say(found, classes=None)
    printed = capsys.readouterr().out
    assert len(re.findall(r"^(c\d{3}) ", printed, re.MULTILINE)) == 300
    assert "--all" not in printed


def test_all_classes_on_demand(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["evaluate", str(run.path), "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[1:4]} == {"bag", "sneaker", "trouser"}
    assert lines[-1].startswith("test: top-1 ")
