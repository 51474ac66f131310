"""Averaged weights: where they start, where they go, and that the network itself is never touched."""

import pytest
import torch

from atalho import networks
from atalho.training.averaging import AveragedWeights


def _network() -> networks.Network:
    torch.manual_seed(0)
    return networks.create("resnet20")


def _fill(network: networks.Network, value: float) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(value)


def test_the_average_of_a_still_network_is_the_network() -> None:
    network = _network()
    averaged = AveragedWeights(network, 50)
    for step in range(20):
        averaged.update(step)
    for name, tensor in averaged.network.state_dict().items():
        assert torch.allclose(tensor.float(), network.state_dict()[name].float(), atol=1e-6), name


def test_it_follows_the_recurrence() -> None:
    network = _network()
    _fill(network, 0.0)
    averaged, expected = AveragedWeights(network, 20), 0.0
    for step in range(300):
        _fill(network, float(step))
        averaged.update(step)
        expected += max(1 / 20, 9 / (10 + step)) * (step - expected)
    assert next(averaged.network.parameters()).flatten()[0].item() == pytest.approx(expected, rel=1e-4)
    # Looking back over 20 steps of a ramp lags 20 - 1 steps behind it.
    assert expected == pytest.approx(299 - 19, abs=0.5)


def test_norm_statistics_are_averaged_too() -> None:
    network = _network()
    averaged = AveragedWeights(network, 10)
    network.train()(torch.randn(4, 3, 32, 32) + 5)
    before = averaged.network.state_dict()["stem.norm.running_mean"].clone()
    averaged.update(1000)
    after = averaged.network.state_dict()["stem.norm.running_mean"]
    assert torch.allclose(after, before.lerp(network.state_dict()["stem.norm.running_mean"], 0.1))


@pytest.mark.parametrize("horizon", [0.0, 1.0])
def test_without_a_horizon_it_is_the_network_itself(horizon: float) -> None:
    network = _network()
    averaged = AveragedWeights(network, horizon)
    averaged.update(0)
    assert averaged.network is network
    assert averaged.tensors() == {}


def test_on_a_device_it_follows_by_the_same_rule_and_stands_still_after_a_step_that_failed() -> None:
    network = _network()
    one, other = AveragedWeights(network, 20), AveragedWeights(network, 20)
    for step in range(30):
        _fill(network, float(step))
        one.update(step)
        other.follow(torch.tensor(other.weight(step)), torch.tensor(True))
    for name, tensor in one.network.state_dict().items():
        torch.testing.assert_close(other.network.state_dict()[name], tensor, rtol=1e-5, atol=1e-5, msg=name)
    before = {name: tensor.clone() for name, tensor in other.network.state_dict().items()}
    _fill(network, float("nan"))
    other.follow(torch.tensor(other.weight(30)), torch.tensor(False))
    for name, tensor in other.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
