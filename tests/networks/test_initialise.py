import math

import pytest
import torch
from torch import nn

from atalho import networks
from atalho.blocks.block import Block
from atalho.networks.initialise import initialise


@pytest.mark.parametrize(("fan", "channels"), [("out", 64), ("in", 32)])
def test_convolutions_are_normal_with_variance_two_over_fan(fan, channels: int) -> None:
    network = networks.create("resnet20")
    initialise(network, fan=fan)
    weight = network.get_submodule("stages.2.0.residual.conv1").weight
    assert isinstance(weight, torch.Tensor)
    assert weight.shape == (64, 32, 3, 3)
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (9 * channels)), rel=0.03)
    assert weight.mean().item() == pytest.approx(0, abs=1e-3)


def test_norms_start_neutral_and_the_classifier_small() -> None:
    network = networks.create("resnet20")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(9)
    initialise(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all() and (module.bias == 0).all()
            assert (module.running_mean == 0).all() and (module.running_var == 1).all()
    assert network.head.classifier.weight.abs().max() <= 1 / math.sqrt(64)
    assert network.head.classifier.weight.std() > 0.05
    assert (network.head.classifier.bias == 0).all()


@pytest.mark.parametrize(("own", "plain"), [("resnet20", "plain20"), ("resnet18", "plain18"), ("mlp6", "plainmlp6")])
def test_a_plain_twin_starts_with_the_same_residual_branches(own: str, plain: str) -> None:
    """Also where the residual network has projections, which draw weights of their own."""
    torch.manual_seed(1)
    with_shortcuts = networks.create(own).state_dict()
    torch.manual_seed(1)
    without = networks.create(plain).state_dict()
    assert without.keys() == {name for name in with_shortcuts if ".shortcut." not in name}
    assert all(torch.equal(values, with_shortcuts[name]) for name, values in without.items())


def test_layers_do_not_share_their_numbers() -> None:
    network = networks.create("resnet20")
    assert not torch.equal(
        network.get_submodule("stages.0.0.residual.conv1").weight,
        network.get_submodule("stages.0.1.residual.conv1").weight,
    )


def test_a_seed_decides_whatever_torchs_generator_says() -> None:
    network, other = networks.create("resnet20"), networks.create("resnet20")
    initialise(network, seed=4)
    initialise(other, seed=4)
    assert all(map(torch.equal, network.parameters(), other.parameters()))


@pytest.mark.parametrize("name", ["resnet20", "preact20", "mlp6"])
def test_residual_branches_start_at_zero_by_choice(name: str) -> None:
    network = networks.create(name)
    initialise(network, zero_residual=True)
    for _name, block in network.blocks():
        assert isinstance(block, Block)
        assert not any(parameter.any() for parameter in block.residual[-1].parameters())


def test_blocks_without_shortcut_keep_their_branches() -> None:
    network = networks.create("plain20")
    initialise(network, zero_residual=True)
    network(torch.randn(4, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
