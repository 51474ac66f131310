"""A step in parts, and a step that keeps little: what they share with a plain step on real images."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from atalho.api.train import train
from atalho.data import order
from atalho.errors import ConfigError
from atalho.networks import create
from atalho.runs.run import Run
from atalho.storage import log
from atalho.tasks import classification
from atalho.training.progress import Progress


class Notes(Progress):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def _train(data: Path, out: Path, name: str = "resnet20", progress: Progress | None = None, **training: Any) -> Run:
    settings = {"data.val_fraction": 0.0, "training.precision": "fp32", "model.dropout": 0.2}
    settings |= {f"training.{key}": value for key, value in training.items()}
    return train(data, model=name, epochs=1, batch_size=40, settings=settings, out=out, progress=progress)


def _losses(run: Run) -> list[float]:
    return [row["loss"] for row in log.read(run.path / "metrics.jsonl") if row["kind"] == "step"]


@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-40-12"])
def test_saving_memory_leaves_the_same_run_to_the_bit(clothes: Path, tmp_path: Path, name: str) -> None:
    plain, saving = (_train(clothes, tmp_path / memory, name, lr=0.05, memory=memory) for memory in ("plain", "saving"))
    for file in ("metrics.jsonl", "model/model.safetensors", "evaluation.json"):
        assert (plain.path / file).read_bytes() == (saving.path / file).read_bytes(), file


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 2.0, 1.0])])
@pytest.mark.parametrize("mixed", [False, True])
def test_parts_add_up_to_the_gradients_of_the_whole_batch(weights: Tensor | None, mixed: bool) -> None:
    # Frozen norms: what one image gives does not depend on the others of its part.
    torch.manual_seed(0)
    network = create("resnet20", classes=3).eval()
    images, labels = torch.randn(11, 3, 16, 16), torch.arange(11) % 3
    targets = torch.softmax(torch.randn(11, 3), 1) if mixed else labels

    def step(largest: int | None) -> tuple[float, list[Tensor]]:
        network.zero_grad()
        value = 0.0
        for part in order.parts(11, largest):
            share = classification.part(targets[part], labels, weights)
            loss = share * classification.loss(network(images[part]), targets[part], smoothing=0.1, weights=weights)
            loss.backward()
            value += loss.item()
        return value, [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]

    (whole, gradients), (sum_, sums) = step(None), step(3)
    assert sum_ == pytest.approx(whole, rel=1e-6)
    largest = max(float(gradient.abs().max()) for gradient in gradients)
    assert max(float((a - b).abs().max()) for a, b in zip(gradients, sums, strict=True)) < 4e-6 * largest


def test_the_first_loss_of_a_run_in_parts_is_near_the_whole_one_and_every_image_counts(
    clothes: Path, tmp_path: Path
) -> None:
    notes = Notes()
    whole = _train(clothes, tmp_path / "whole")
    parts = _train(clothes, tmp_path / "parts", progress=notes, micro_batch=16)
    assert len(_losses(whole)) == len(_losses(parts)) == 3
    assert _losses(parts)[0] == pytest.approx(_losses(whole)[0], rel=0.2)
    assert any("parts of at most 16" in said and "batch norm" in said for said in notes.said)


def test_a_part_that_holds_the_batch_is_the_plain_step(clothes: Path, tmp_path: Path) -> None:
    whole, part = _train(clothes, tmp_path / "whole"), _train(clothes, tmp_path / "part", micro_batch=40)
    assert (whole.path / "metrics.jsonl").read_bytes() == (part.path / "metrics.jsonl").read_bytes()


def test_parts_of_one_or_two_images_are_refused(clothes: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training.micro_batch = 2 is not accepted: it must be at least 3"):
        _train(clothes, tmp_path / "run", micro_batch=2)
    assert not (tmp_path / "run").exists()
