"""An option that a command does not have is answered by the one that was meant, and only by one that it has."""

import inspect
from types import FunctionType

import pytest

import atalho
from atalho import other_tools
from atalho.cli import app, meant, run
from atalho.entries import entries


def _said(given: str, *words: str) -> str:
    command = app.build()
    for word in words:
        command = command[word]
    return meant.explain(given, command, words)


@pytest.mark.parametrize(
    ("given", "words", "option"),
    [
        ("--size", ["train"], "--data.size"),
        ("--lr=0.1", ["train"], "--training.lr"),
        ("--learning_rate", ["train"], "--training.lr"),
        ("--learning-rate", ["lab", "depth"], "--lr"),
        ("--imgsz", ["train"], "--data.size"),
        ("--imgsz", ["show"], "--size"),
        ("--device", ["train"], "--training.device"),
        ("--gpus", ["train"], "--training.device"),
        ("--pretrained", ["train"], "--from imagenet"),
        ("--weights", ["train"], "--from"),
        ("--workers", ["train"], "--data.workers"),
        ("-j", ["train"], "--data.workers"),
        ("--batch", ["train"], "--batch-size"),
        ("-b", ["lab", "depth"], "--batch-size"),
        ("--no-flip", ["train"], "--augment.no-flip"),
        ("--topk", ["predict"], "--top"),
        ("--topk", ["search"], "-k"),
        ("--output", ["embed"], "--out"),
        ("--num-epochs", ["train"], "--epochs"),
        ("--checkpoint", ["train"], "--from"),
    ],
)
def test_the_name_of_another_tool_is_answered_with_ours(given: str, words: list[str], option: str) -> None:
    assert _said(given, *words) == f"Unknown option {given.partition('=')[0]}. Use {option}."


@pytest.mark.parametrize(
    ("given", "words", "answer"),
    [
        ("--weight-decy", ["train"], "Did you mean --training.weight-decay?"),
        ("--epocs", ["train"], "Did you mean --epochs?"),
        ("--training.epocs", ["train"], "Did you mean --epochs?"),
        ("--data", ["train"], "Give its value alone: atalho train [DATA] [OPTIONS]"),
        ("--model", ["predict"], "Give its value alone: atalho predict RUN IMAGES... [OPTIONS]"),
        ("--device", ["predict"], "Set the environment variable ATALHO_DEVICE instead, such as to cpu or cuda."),
        (
            "--num-classes",
            ["import"],
            "The number of classes is not set here: it comes from the images or the weights.",
        ),
        ("--num_classes", ["train"], "The number of classes is not set here: it comes from the images or the weights."),
        ("--patience", ["train"], "atalho train --help-all shows those that there are."),
        ("--pretrained", ["lab", "cost"], "atalho lab cost --help-all shows those that there are."),
    ],
)
def test_what_else_is_said_of_an_unknown_option(given: str, words: list[str], answer: str) -> None:
    assert _said(given, *words) == f"Unknown option {given}. {answer}"


def test_every_name_of_the_table_is_a_setting_an_option_or_an_argument() -> None:
    known = {entry.path for entry in entries()} | {"format", "top"}  # of the command predict
    for name in atalho.__all__:
        if isinstance(function := getattr(atalho, name), FunctionType):
            known |= inspect.signature(function).parameters.keys()
    assert {key.partition(" ")[0] for key in other_tools._NAMES} <= known
    words = [word for others in other_tools._NAMES.values() for word in others.split()]
    assert all(word == word.lower().replace("_", "-") for word in words)


@pytest.mark.parametrize("option", ["--data", "--training", "--augment", "--reid"])
def test_a_section_is_no_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "nowhere", option, "3"]) == 2
    assert capsys.readouterr().err.startswith(f"Unknown option {option}. ")
