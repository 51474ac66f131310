"""One training step: what it changes, what it gives, and that it waits for nobody."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from atalho.config import Config
from atalho.networks import Network, create
from atalho.precision import choose
from atalho.settings import merge, to_dict, validate
from atalho.tasks import classification
from atalho.tasks.task import Objective, Outputs
from atalho.training.distributed import Ranks
from atalho.training.optimizer import build_optimizer, set_rate
from atalho.training.reduction import GradientReduction
from atalho.training.setup import TrainingSetup
from atalho.training.step import StepResult, TrainingBatch, train_step

IMAGES = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(8) % 3
RATE = 0.1


def _setup(**training: Any) -> TrainingSetup:
    config = validate(merge(to_dict(Config()), {"training": {"lr": RATE, **training}}))
    # What of the task a step asks for.
    task = SimpleNamespace(
        outputs=lambda network, images: Outputs(network(images)),
        loss=lambda outputs, targets: classification.loss(outputs.logits, targets),
        part=lambda targets, ids, whole: len(ids) / len(whole),
    )
    return TrainingSetup(config, cast(Objective, task), (), choose("cpu", "fp32"), Path())


def _step(network: Network, images: Tensor = IMAGES, **training: Any) -> StepResult:
    setup, ids = _setup(**training), np.arange(len(images))
    optimizer = build_optimizer(network, setup.config.training)
    set_rate(optimizer, RATE)
    batch = TrainingBatch(0, ids, ids, images, LABELS, LABELS)
    return train_step(network, batch, setup, optimizer, GradientReduction(network, Ranks()))


def _network() -> Network:
    torch.manual_seed(0)
    return create("resnet20", classes=3).train()


class _Reads(TorchDispatchMode):
    """Counts how often a tensor's number is asked for, which on a GPU waits for all that was begun before."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("micro_batch", [None, 3])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
def test_a_step_asks_for_no_number(optimizer: str, micro_batch: int | None) -> None:
    network = _network()
    with _Reads() as reads:
        _step(network, optimizer=optimizer, micro_batch=micro_batch)
        assert reads.count == 0
        network.head.classifier.weight.sum().item()
    assert reads.count == 1


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_step_goes_down_the_gradient_and_says_what_it_saw(optimizer: str) -> None:
    network, same = _network(), _network()
    logits = same(IMAGES)
    loss, right, finite = _step(network, optimizer=optimizer, weight_decay=0.0, momentum=0.0).read()
    assert finite
    assert loss == classification.loss(logits, LABELS).item()
    assert right == int((logits.argmax(1) == LABELS).sum())
    classification.loss(logits, LABELS).backward()
    gradient = same.head.classifier.weight.grad
    assert gradient is not None
    moved = (network.head.classifier.weight - same.head.classifier.weight).detach()
    wanted = -RATE * (gradient if optimizer == "sgd" else gradient.sign())
    assert torch.allclose(moved, wanted, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
def test_what_is_not_finite_changes_no_weight(optimizer: str) -> None:
    network = _network()
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    bad = IMAGES.clone()
    bad[3, 0, 0, 0] = float("inf")
    _loss, _right, finite = _step(network, bad, optimizer=optimizer).read()
    assert not finite
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name]), name


def test_after_a_step_that_failed_no_weight_moves() -> None:
    network, setup, ids = _network(), _setup(), np.arange(len(IMAGES))
    optimizer, failed = build_optimizer(network, setup.config.training), torch.tensor(False)
    set_rate(optimizer, RATE)

    def step(images: Tensor) -> bool:
        batch = TrainingBatch(0, ids, ids, images, LABELS, LABELS)
        reduce = GradientReduction(network, Ranks())
        return train_step(network, batch, setup, optimizer, reduce, failed).read()[2]

    before = network.head.classifier.weight.clone()
    assert step(IMAGES)
    assert not torch.equal(network.head.classifier.weight, before)
    before = network.head.classifier.weight.clone()
    assert not step(IMAGES * torch.inf)
    assert not step(IMAGES)
    assert torch.equal(network.head.classifier.weight, before)


def test_what_a_step_gave_is_read_exactly() -> None:
    loss, right = torch.tensor(0.1), torch.tensor(2**40 + 1)
    assert StepResult(loss, loss, right, torch.tensor(True)).read() == (loss.item(), 2**40 + 1, True)
