"""The triplet loss against a slow loop from the definition."""

import math

import pytest
import torch

from atalho.tasks.losses.triplet import triplet


def _slow(features: torch.Tensor, labels: torch.Tensor, margin: float | None) -> float:
    losses = []
    for anchor in range(len(labels)):
        apart = [float((features[anchor] - other).norm()) for other in features]
        same = [d for i, d in enumerate(apart) if labels[i] == labels[anchor] and i != anchor]
        others = [d for i, d in enumerate(apart) if labels[i] != labels[anchor]]
        if same and others:
            difference = max(same) - min(others)
            losses.append(math.log1p(math.exp(difference)) if margin is None else max(0.0, difference + margin))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("margin", [None, 0.3, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_slow_loop_says_the_same(margin: float | None, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(14, 5, generator=generator)
    labels = torch.randint(0, 5, (14,), generator=generator)
    assert triplet(features, labels, margin).item() == pytest.approx(_slow(features, labels, margin), rel=1e-4)


def test_images_without_a_pair_or_without_a_rival_count_nothing() -> None:
    features = torch.randn(3, 4, requires_grad=True)
    for labels in (torch.tensor([0, 1, 2]), torch.tensor([0, 0, 0])):
        loss = triplet(features, labels, 0.3)
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.item() == 0.0
    assert features.grad is not None
    assert not features.grad.any()


def test_gradients_are_finite_where_two_images_are_the_same_vector() -> None:
    features = torch.ones(4, 3, requires_grad=True)
    triplet(features, torch.tensor([0, 0, 1, 1]), None).backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert features.grad.isfinite().all()


@pytest.mark.parametrize("margin", [None, 0.3])
def test_an_image_that_is_not_counted_changes_neither_loss_nor_gradients(margin: float | None) -> None:
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    labels = torch.tensor([0, 0, 1, 1, 2])  # the last has no other image, but is a rival of the others
    triplet(features, labels, margin).backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    alone = features.detach().clone().requires_grad_()
    distances = torch.cdist(alone, alone)
    others = [[2, 3, 4], [2, 3, 4], [0, 1, 4], [0, 1, 4]]
    differences = torch.stack([distances[i, [1, 0, 3, 2][i]] - distances[i, others[i]].min() for i in range(4)])
    loss = torch.nn.functional.softplus(differences) if margin is None else (differences + margin).relu()
    loss.mean().backward()  # type: ignore[no-untyped-call]
    assert torch.allclose(features.grad, alone.grad, atol=1e-6)


@pytest.mark.parametrize("margin", [None, 0.3])
def test_nothing_of_it_waits_for_the_device(margin: float | None) -> None:
    """On the device meta tensors have no values: a number, or a shape that depends on one, cannot be asked for."""
    features = torch.empty(8, 4, device="meta", requires_grad=True)
    loss = triplet(features, torch.empty(8, dtype=torch.int64, device="meta"), margin)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.shape == ()
