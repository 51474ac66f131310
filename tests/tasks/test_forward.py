"""Many images through a network in batches: order, mode and progress."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atalho.data.images import PackedImages
from atalho.data.preprocessing import Preprocessing
from atalho.inspection.memory import _Living
from atalho.networks.build import create
from atalho.precision import choose
from atalho.tasks import forward as module
from atalho.tasks.forward import forward

PREPARED = Preprocessing(size=8, resize=8, channels=1, mean=(0.5,), std=(0.5,))


def test_answers_come_in_the_order_of_the_ids_whatever_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create("resnet20", classes=3, in_channels=1).train()
    pixels = PackedImages(np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8), ())
    ids = np.array([8, 0, 3, 3, 5])
    told: list[tuple[int, int]] = []
    precision = choose("cpu", "fp32")
    whole = forward(network, pixels, ids, PREPARED, precision)
    monkeypatch.setattr(module, "BATCH", 2)
    parts = forward(network, pixels, ids, PREPARED, precision, lambda done, all_: told.append((done, all_)))
    torch.testing.assert_close(whole, parts)
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert whole.shape == (5, 3)
    torch.testing.assert_close(whole[2], whole[3])
    assert network.training


def test_answers_are_held_once() -> None:
    """A16: of many classes they are most of the memory of an evaluation."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 20_000))
    pixels = PackedImages(np.zeros((1000, 8, 8, 1), np.uint8), ())
    with _Living() as living:
        whole = forward(network, pixels, np.arange(1000), PREPARED, choose("cpu", "fp32"))
    assert whole.nbytes == 80_000_000
    # Beside them a few batches that wait for each other, twice while they are joined.
    assert living.most < whole.nbytes + 4 * module._AT_ONCE


def test_the_mode_comes_back_after_an_error_too() -> None:
    network = create("resnet20", classes=3, in_channels=1).train()

    def fail(images: Tensor) -> Tensor:
        assert not network.training
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        forward(network, PackedImages(np.zeros((1, 8, 8, 1), np.uint8), ()), np.array([0]), PREPARED,
                choose("cpu", "fp32"), ask=fail)  # fmt: skip
    assert network.training
