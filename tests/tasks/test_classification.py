"""The classification task: loss, class weights, and logits that do not depend on how images are batched."""

import numpy as np
import pytest
import torch

from atalho import networks
from atalho.config import AugmentConfig
from atalho.data.augment import Augment
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


@pytest.mark.parametrize("weights", [None, torch.tensor([0.0, 0.5, 2.0] + [1.0] * 7)])
def test_validation_in_parts_gives_the_loss_of_all_images(
    monkeypatch: pytest.MonkeyPatch, weights: torch.Tensor | None
) -> None:
    """Several parts are made of many images and classes, whose logits are many."""
    labels = torch.tensor([0] * 7 + [1, 2, 2, 3, 4, 5, 6, 7, 8, 9])
    pixels, ids = images(len(labels)), np.arange(len(labels))
    objective = classification.Classification(
        images=pixels, labels=labels, classes=10, train=ids, val=ids, batch_size=8, seed=0, smoothing=0.1,
        augment=Augment(AugmentConfig(), size=16, mean=(0.5,), std=(0.25,), seed=0), weights=weights,
        prepared=PREPARED, precision=FP32,
    )  # fmt: skip
    network = networks.create("resnet20", in_channels=1)
    found = forward(network, pixels, ids, PREPARED, FP32)
    loss = classification.loss(found, labels, smoothing=0.1, weights=weights).item()
    assert objective.validate(network)["val_loss"] == loss
    monkeypatch.setattr("atalho.metrics.classification.VALUES", 60)
    assert objective.validate(network)["val_loss"] == pytest.approx(loss, rel=1e-6)


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
