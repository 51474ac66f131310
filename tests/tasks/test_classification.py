"""The classification task: loss, class weights, and logits that do not depend on how images are batched."""

import numpy as np
import pytest
import torch

from atalho import networks
from atalho.data.images import PackedImages
from atalho.data.preprocessing import Preprocessing
from atalho.precision import choose
from atalho.tasks import classification
from atalho.tasks.forward import forward

PREPARED = Preprocessing(size=16, resize=16, channels=1, mean=(0.5,), std=(0.25,))
FP32 = choose("cpu", "fp32")


def images(count: int) -> PackedImages:
    return PackedImages(np.random.default_rng(0).integers(0, 256, (count, 16, 16, 1), dtype=np.uint8), ())


def test_the_loss_is_the_mean_negative_log_share() -> None:
    logits, targets = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    expected = -logits.log_softmax(1)[range(5), targets].mean()
    assert classification.loss(logits, targets).item() == pytest.approx(expected.item(), rel=1e-6)


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    logits, targets = torch.randn(4, 5), torch.tensor([0, 1, 2, 3])
    soft = torch.full((4, 5), 0.1 / 5)
    soft[range(4), targets] += 0.9
    smoothed = classification.loss(logits, targets, smoothing=0.1)
    assert torch.allclose(smoothed, classification.loss(logits, soft), atol=1e-6)


def test_balanced_weights_make_every_class_count_the_same() -> None:
    counts = np.array([10, 30, 60, 0])
    weights = classification.balanced_weights(counts).numpy()
    assert np.allclose((weights * counts)[:3], 100 / 3)
    assert weights[3] == 0


def test_logits_come_in_the_order_asked_and_the_mode_comes_back() -> None:
    pixels, network = images(300), networks.create("resnet20", in_channels=1).train()
    ids = np.arange(300)[::-1].copy()
    found = forward(network, pixels, ids, PREPARED, FP32)
    assert network.training
    assert found.shape == (300, 10)
    some = forward(network, pixels, ids[40:50], PREPARED, FP32)
    assert torch.allclose(found[40:50], some, atol=1e-5)


def test_a_measurement_holds_calibration_before_and_after() -> None:
    logits, labels = torch.randn(50, 3), torch.randint(3, (50,))
    names = [f"{number}.png" for number in range(50)]
    found = classification.measure(logits, labels, ("a", "b", "c"), 2.0, "test", names)
    assert found.images == 50
    assert found.calibration is not None
    assert found.calibration.temperature == 2.0
    assert found.calibration.before != found.calibration.after
    assert all(mistake.path == f"{mistake.index}.png" for mistake in found.mistakes)
