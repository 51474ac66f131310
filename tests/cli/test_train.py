"""`atalho train`: what it prints, and what it refuses before any work."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Refused = Callable[[list[str], str], None]
Atalho = Callable[..., subprocess.CompletedProcess[str]]


def test_train_prints_one_json_object_with_the_promised_fields(clothes: Path, tmp_path: Path, atalho: Atalho) -> None:
    out = tmp_path / "run"
    found = atalho("train", str(clothes), "--model", "resnet20", "--epochs", "1", "--out", str(out), "--json")
    assert found.returncode == 0, found.stderr
    printed = json.loads(found.stdout)
    assert printed.keys() == {"run", "top1", "precision", "duplicates", "seconds"}
    assert printed["run"] == str(out)
    evaluation = json.loads((out / "evaluation.json").read_text())
    assert printed["duplicates"] == evaluation["duplicates"]
    assert printed["duplicates"]["measured"] == 0
    assert "epoch   1/1" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["train", "DATA", "--epohcs", "3"], "Unknown option --epohcs. Did you mean --epochs?"),
        (["train", "DATA", "--training.lrr", "3"], "Unknown option --training.lrr. Did you mean --training.lr"),
        (["train", "DATA", "--training.lr", "abc"], "--training.lr abc is not accepted: it must be a number."),
        (["train", "DATA", "--training.lr", "-1"], "training.lr = -1.0 is not accepted: it must be greater than 0"),
        (["train", "DATA", "--recipe", "fats"], "--recipe fats is not accepted. Did you mean fast?"),
        (["train", "DATA", "--model", "resnet3"], "Did you mean resnet34"),
        (["train", "nowhere"], "nowhere"),
        (["train", "DATA", "--config", "none.toml"], "none.toml: file not found"),
        (["train"], "No images given"),
        (
            ["train", "--out", "DATA", "--resume", "RUN"],
            "--resume continues a run with its own settings. Remove: --out",
        ),
        (["train", "--resume", "RUN", "--seed", "0", "--data.workers", "2"], "Remove: --seed, data."),
        (["train", "DATA", "--epochs", "2", "--training.epochs", "3"], "--epochs and --training.epochs are the same"),
        (["train", "DATA", "--recipe", "finetune"], "The recipe finetune starts from a trained model"),
        (["train", "DATA", "--augment.pad", "40"], "augment.pad = 40 is not accepted: it must be at most 16"),
        (["train", "DATA", "--batch-size", "1"], "Training needs batches of at least two images"),
        (["train", "DATA", "--model.stem", "large"], "Images of 16 pixels are too small for"),
        (["train", "--resume", "RUN", "--model", "resnet20"], "Remove: --model."),
        (["train", "--resume", "RUN", "--epochs", "2"], "has already trained 3 epochs. Give more, or start a new run"),
        (
            ["train", "DATA", "--reid.margin", "0.3", "--protocol", "auto"],
            "reid.margin, reid.protocol only works with the task reid, and the task is classification. Remove it, or "
            "choose --task reid.",
        ),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
