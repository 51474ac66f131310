"""Which parameters decay, at which rate they learn, and that momentum is kept by name."""

from typing import Literal

import pytest
import torch
from torch import nn

from atalho import networks
from atalho.config import TrainingConfig
from atalho.training.optimizer import build_optimizer, load_optimizer_state, optimizer_state, set_rate


@pytest.mark.parametrize("name", ["resnet20", "resnet18", "densenet-bc-10-12", "mlp6"])
def test_every_parameter_is_there_once_and_norms_and_biases_do_not_decay(name: str) -> None:
    network = networks.create(name)
    optimizer = build_optimizer(network, TrainingConfig())
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(network.parameters()))
    for module in network.modules():
        for kind, parameter in module.named_parameters(recurse=False):
            weighted = isinstance(module, nn.Conv2d | nn.Linear) and kind == "weight"
            assert decays[id(parameter)] == (TrainingConfig().weight_decay if weighted else 0.0)


def test_the_papers_let_everything_decay() -> None:
    optimizer = build_optimizer(networks.create("resnet20"), TrainingConfig(decay_all=True, weight_decay=1e-4))
    assert {group["weight_decay"] for group in optimizer.param_groups} == {1e-4}


def test_the_backbone_learns_at_its_share_of_the_rate() -> None:
    network = networks.create("resnet20")
    optimizer = build_optimizer(network, TrainingConfig(backbone_lr=0.1))
    set_rate(optimizer, 2.0)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(network.head.classifier.weight)] == 2.0
    assert rates[id(network.stem.conv.weight)] == pytest.approx(0.2)


def _step(network: networks.Network, optimizer: torch.optim.SGD, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer.zero_grad()
    network(torch.randn(4, 3, 32, 32, generator=generator)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("kind", ["sgd", "muon"])
def test_momentum_that_was_kept_by_name_continues_exactly(kind: Literal["sgd", "muon"]) -> None:
    config = TrainingConfig(lr=0.01, optimizer=kind)
    torch.manual_seed(0)
    network = networks.create("resnet20").to(memory_format=torch.channels_last)
    optimizer = build_optimizer(network, config)
    _step(network, optimizer, 1)
    other = networks.create("resnet20").to(memory_format=torch.channels_last)
    other.load_state_dict(network.state_dict())
    resumed = build_optimizer(other, config)
    load_optimizer_state(resumed, other, {name: t.clone() for name, t in optimizer_state(optimizer, network).items()})
    for seed in (2, 3):
        _step(network, optimizer, seed)
        _step(other, resumed, seed)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


def test_what_adam_remembers_comes_back_by_name() -> None:
    config = TrainingConfig(optimizer="adam", lr=0.01)

    def stepped(
        steps: int, held: dict[str, torch.Tensor] | None = None, weights: dict[str, torch.Tensor] | None = None
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = networks.create("resnet20", classes=3, in_channels=1)
        if weights is not None:
            network.load_state_dict(weights)
        adam = build_optimizer(network, config)
        load_optimizer_state(adam, network, held or {})
        for _step in range(steps):
            adam.zero_grad()
            network.eval()(torch.ones(2, 1, 8, 8)).square().sum().backward()
            adam.step()
        return network, adam

    whole, _adam = stepped(3)
    half, adam = stepped(1)
    held = {name: tensor.clone() for name, tensor in optimizer_state(adam, half).items()}
    assert {name.split(".")[0] for name in held} == {"exp_avg", "exp_avg_sq", "adam_step"}
    rest, _adam = stepped(2, held, {name: tensor.clone() for name, tensor in half.state_dict().items()})
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, rest.state_dict()[name]), name
