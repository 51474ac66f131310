"""Generalized-mean pooling and the neck."""

import pytest
import torch
from torch import nn

from atalho.blocks.embedding_head import EmbeddingHead, GeneralizedMean
from atalho.networks.build import build, initialise
from atalho.networks.select import specify


def test_a_power_of_one_is_the_mean_and_a_large_one_the_largest() -> None:
    features = torch.rand(2, 3, 4, 4) + 0.1
    pooling = GeneralizedMean()
    pooling.power.data.fill_(1.0)
    torch.testing.assert_close(pooling(features), features.mean((2, 3)))
    pooling.power.data.fill_(200.0)
    torch.testing.assert_close(pooling(features), features.amax((2, 3)), rtol=0.02, atol=0)


def test_features_of_zero_have_a_gradient() -> None:
    features = torch.zeros(1, 2, 2, 2, requires_grad=True)
    pooling = GeneralizedMean()
    pooling(features).sum().backward()
    assert pooling.power.grad is not None
    assert pooling.power.grad.isfinite().all()


@pytest.mark.parametrize("pooling", ["average", "gem"])
def test_shapes_with_and_without_a_reduction(pooling: str) -> None:
    features = torch.rand(4, 8, 3, 3)
    same, smaller = EmbeddingHead(8, 8, 5, pooling), EmbeddingHead(8, 6, 5, pooling)  # type: ignore[arg-type]
    assert isinstance(same.reduction, nn.Identity)
    assert same.before_neck(features).shape == (4, 8)
    assert smaller.embedding(features).shape == (4, 6)
    assert smaller(features).shape == (4, 5)
    assert smaller.eval().scores(smaller.before_neck(features)).allclose(smaller(features))


def test_a_network_with_it_rebuilds_from_its_spec_and_learns_all_but_the_shift() -> None:
    from dataclasses import replace

    spec = replace(specify("resnet20", classes=7, in_channels=1), embedding=24, pooling="gem", last_stride=1)
    network = build(spec)
    initialise(network, seed=0)
    images = torch.randn(4, 1, 16, 16)
    assert network.features(images).shape == (4, 64, 8, 8)
    assert network.embedding(images).shape == (4, 24)
    network(images).square().sum().backward()
    without = {name for name, parameter in network.named_parameters() if parameter.grad is None}
    assert without == {"head.neck.bias"}
    assert isinstance(network.head, EmbeddingHead)
    assert isinstance(network.head.pooling, GeneralizedMean)
    assert network.head.pooling.power.item() == GeneralizedMean.FIRST
