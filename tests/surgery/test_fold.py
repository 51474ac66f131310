"""Folding: the outputs stay, the norms that can go are gone, and the given network is left alone."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from some_networks import dense_specs, linear_specs, residual_specs, settled
from torch import Tensor, nn

from atalho import networks
from atalho.networks import catalogue
from atalho.networks.build import build
from atalho.networks.network import Network
from atalho.networks.spec import Spec
from atalho.surgery.fold import fold

TOLERANCE = 1e-5
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def worst(network: Network, x: Tensor) -> float:
    with torch.no_grad():
        expected, actual = network(x), fold(network)(x)
    return float((actual - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(
    "name", ["resnet20", "plain20", "resnet18", "resnet50", "preact18", "densenet-bc-22-6", "mlp6"]
)
def test_the_outputs_of_networks_of_the_catalogue_stay(name: str) -> None:
    network = settled(networks.create(name, classes=10)).eval()
    assert worst(network, torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))) <= TOLERANCE


@given(st.one_of(residual_specs(), dense_specs(), linear_specs()))
@settings(max_examples=60, deadline=None)
def test_the_outputs_of_any_network_stay(spec: Spec) -> None:
    x = torch.rand(2, spec.in_channels, 32, 32, generator=torch.Generator().manual_seed(0))
    assert worst(settled(build(spec)).eval(), x) <= TOLERANCE


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("resnet50", 0),
        ("mlp6", 0),
        ("preact18", 8 + 1),  # the first of each block, and what closes the network
        ("densenet-bc-22-6", 9 + 2 + 1),  # the first of each layer, of each transition, and what closes the network
    ],
)
def test_no_norm_stays_that_can_go(name: str, left: int) -> None:
    folded = fold(networks.create(name))
    assert sum(isinstance(module, NORMS) for module in folded.modules()) == left


def test_the_given_network_is_left_alone_and_the_other_is_for_prediction_alone() -> None:
    network = settled(networks.create("resnet20")).train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    folded = fold(network)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())
    assert not folded.training and not any(parameter.requires_grad for parameter in folded.parameters())


def test_distances_before_the_neck_stay() -> None:
    network = settled(build(replace(catalogue.spec("resnet20"), embedding=8))).eval()
    features = torch.rand(2, 64, 8, 8)
    assert torch.equal(fold(network).head.before_neck(features), network.head.before_neck(features))  # type: ignore


def test_it_stays_in_its_memory_layout() -> None:
    network = networks.create("resnet20").to(memory_format=torch.channels_last)
    assert all(
        layer.weight.is_contiguous(memory_format=torch.channels_last)
        for layer in fold(network).modules()
        if isinstance(layer, nn.Conv2d)
    )
