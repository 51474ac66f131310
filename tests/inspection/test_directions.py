"""Directions normalised by filter: lengths, what stays still, and what they depend on."""

import pytest
import torch

from atalho.inspection.directions import Direction, filter_normalised
from atalho.networks.build import create
from atalho.networks.network import Network


def test_each_filter_is_as_long_as_the_networks(residual: Network) -> None:
    direction = filter_normalised(residual, seed=0, draw=0)
    assert direction.keys() == dict(residual.named_parameters()).keys()
    for name, weights in residual.named_parameters():
        if weights.ndim > 1:
            for step, own in zip(direction[name], weights.detach(), strict=True):
                assert float(step.norm()) == pytest.approx(float(own.norm()), rel=1e-5)


def test_norms_and_shifts_stay(residual: Network) -> None:
    direction = filter_normalised(residual, seed=0, draw=0)
    still = {name for name, steps in direction.items() if not steps.any()}
    assert still == {name for name, weights in residual.named_parameters() if weights.ndim == 1}
    assert "head.classifier.bias" in still and "stages.0.0.residual.norm2.weight" in still


def test_the_plain_twin_is_taken_the_same_way(residual: Network, plain: Network) -> None:
    """They begin with the same residual branches; so the same numbers at the same lengths."""
    one, other = (filter_normalised(network, seed=3, draw=1) for network in (residual, plain))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def cosine(one: Direction, other: Direction) -> float:
    first, second = (torch.cat([steps.double().flatten() for steps in each.values()]) for each in (one, other))
    return torch.cosine_similarity(first, second, dim=0).item()


def test_seed_and_draw_decide(residual: Network) -> None:
    one = filter_normalised(residual, seed=0, draw=0)
    assert cosine(one, filter_normalised(residual, seed=0, draw=0)) == pytest.approx(1)
    large = create("resnet20")
    one = filter_normalised(large, seed=0, draw=0)
    for seed, draw in ((0, 1), (1, 0)):
        assert abs(cosine(one, filter_normalised(large, seed=seed, draw=draw))) < 0.03
