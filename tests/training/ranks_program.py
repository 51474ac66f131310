"""What test_distributed.py starts by torchrun: each rank writes what it found to a JSON file of its own.

ranks_program.py OUT DATA    a gradient over ranks, a training, who speaks of an error
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

import atalho
from atalho.errors import AtalhoError, DataError
from atalho.tasks import classification
from atalho.training import loop
from atalho.training.distributed import Ranks, joined
from atalho.training.reduction import GradientReduction
from atalho.training.state import TrainingState

IMAGES, CLASSES = 7, 3
SETTINGS = {"training.lr": 0.1, "training.precision": "fp32", "training.class_weights": "balanced"}


def gradient(ranks: Ranks, weights: torch.Tensor | None) -> dict[str, float]:
    """How far gradient and loss over ranks are from those of one process, for a network without norms."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, CLASSES))
    network.to(memory_format=torch.channels_last)
    images, labels = torch.randn(IMAGES, 3, 8, 8), torch.arange(IMAGES) % CLASSES
    whole = classification.loss(network(images), labels, smoothing=0.1, weights=weights)
    wanted = torch.autograd.grad(whole, list(network.parameters()))

    ids = ranks.share(torch.arange(IMAGES).numpy())
    logits = network(images[ids])
    part = classification.part(labels[ids], labels, weights)
    loss = part * classification.loss(logits, labels[ids], smoothing=0.1, weights=weights)
    loss.backward()
    right = (logits.argmax(1) == labels[ids]).sum()
    total, count = GradientReduction(network, ranks)(loss.detach(), right, len(ids) / IMAGES)
    gradients = [parameter.grad for parameter in network.parameters()]
    return {
        "gradient": max(float((a - b).abs().max()) for a, b in zip(gradients, wanted, strict=True) if a is not None),
        "loss": abs(float(total - whole.detach())),
        "right": int(count) - int((network(images).argmax(1) == labels).sum()),
    }


def statistics(ranks: Ranks) -> list[float]:
    """A norm's statistics after ranks saw 1 and 2 images of other values."""
    norm = nn.BatchNorm1d(1)
    norm.running_mean.fill_(10.0 * (1 + ranks.rank))  # type: ignore[union-attr]
    GradientReduction(norm, ranks)(torch.tensor(0.0), torch.tensor(0), (1 + ranks.rank) / 3)
    return norm.running_mean.tolist()  # type: ignore[union-attr]


def who_speaks() -> str:
    """An error of rank 1 alone: its own there, the word that another speaks elsewhere."""
    try:
        with joined() as ranks:
            if ranks.rank == 1:
                raise DataError("rank 1 cannot read x.png")
            ranks.wait()
    except AtalhoError as error:
        return f"{type(error).__name__} {error.exit_code}"
    return "nothing"


def main() -> None:
    out, data = Path(sys.argv[1]), Path(sys.argv[2])
    found: dict[str, Any] = {}
    with joined() as ranks:
        found["plain"] = gradient(ranks, None)
        found["weighted"] = gradient(ranks, torch.tensor([1.0, 5.0, 0.5]))
        found["statistics"] = statistics(ranks)
        found["signal"] = ranks.agree(15 if ranks.rank == 1 else None)
        found["no signal"] = ranks.agree(None)
        found["lowest"] = [ranks.lowest(ranks.rank == 1), ranks.lowest(False)]
        fit = loop.fit

        def fitting(material: Any, state: TrainingState, *rest: Any) -> None:
            fit(material, state, *rest)
            tensors = {key: tensor.contiguous() for key, tensor in sorted(state.tensors().items())}
            found["tensors"] = hashlib.sha256(safetensors.torch.save(tensors)).hexdigest()

        loop.fit = fitting
        run = atalho.train(data, model="resnet20", epochs=1, batch_size=35, settings=SETTINGS, out=out / "run")
        found["top1"] = run.top1
        rank = ranks.rank
    found["speaks"] = who_speaks()
    (out / f"{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
