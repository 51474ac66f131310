"""Muon: that its steps are orthogonal, which layers they are for, and that all else learns as with SGD."""

import pytest
import torch
from torch import nn

from atalho import networks
from atalho.config import TrainingConfig
from atalho.training.muon import SHARE, orthogonalised
from atalho.training.optimizer import build_optimizer, set_rate, step_where_finite


def _matrices(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(3, 16, 144), (2, 64, 27), (1, 1, 5), (2, 7, 7)], ids=str)
def test_singular_vectors_stay_and_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    given = _matrices(*shape)
    left, values, right = torch.linalg.svd(given, full_matrices=False)
    found = orthogonalised(given)
    turned = left.mT @ found @ right.mT
    reached = turned.diagonal(dim1=1, dim2=2)
    far = values > 0.02 * values.amax(1, keepdim=True)
    assert ((reached > 0.5) & (reached < 1.3))[far].all()
    assert (turned - torch.diag_embed(reached)).abs().max() < 1e-3


def test_the_size_of_a_gradient_does_not_matter_and_none_gives_none() -> None:
    given = _matrices(2, 8, 72)
    assert torch.allclose(orthogonalised(given), orthogonalised(1e-6 * given), atol=1e-4)
    assert torch.equal(orthogonalised(torch.zeros(1, 8, 72)), torch.zeros(1, 8, 72))


def test_layers_of_one_shape_together_are_as_each_alone() -> None:
    given = _matrices(3, 8, 72)
    alone = torch.cat([orthogonalised(matrix[None]) for matrix in given])
    assert torch.allclose(orthogonalised(given), alone, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-10-12", "mlp6"])
def test_every_layer_but_the_head_has_orthogonal_steps(name: str) -> None:
    network = networks.create(name)
    optimizer = build_optimizer(network, TrainingConfig(optimizer="muon"))
    chosen = {id(p) for group in optimizer.param_groups if group["orthogonal"] for p in group["params"]}
    head = {id(parameter) for parameter in network.head.parameters()}
    layers = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert chosen == {id(weight) for weight in layers} - head


def test_a_step_is_as_long_as_it_should_be_and_all_else_moves_as_with_sgd() -> None:
    network, same = networks.create("resnet20"), networks.create("resnet20")
    same.load_state_dict(network.state_dict())
    for kind, moved in (("muon", network), ("sgd", same)):
        optimizer = build_optimizer(moved, TrainingConfig(optimizer=kind, weight_decay=0.0))
        set_rate(optimizer, 0.2)
        moved(_matrices(4, 3, 32, 32)).square().sum().backward()
        before = moved.stages[1][0].residual.conv1.weight.detach().clone()
        optimizer.step()
        if kind == "muon":
            step = (before - moved.stages[1][0].residual.conv1.weight.detach()).flatten(1)
            lengths = torch.linalg.svdvals(step) / (0.2 * SHARE)
            assert lengths.median() > 0.6
            assert lengths.max() < 1.3
    convolutions = {name for name, p in network.named_parameters() if p.ndim == 4}
    ours, theirs = network.state_dict(), same.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) == (name not in convolutions) for name in ours)


def test_decay_is_apart_from_the_step() -> None:
    network = networks.create("resnet20")
    optimizer = build_optimizer(network, TrainingConfig(optimizer="muon", weight_decay=0.5))
    set_rate(optimizer, 0.4)
    weight = network.stages[0][0].residual.conv1.weight
    before = weight.detach().clone()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.allclose(weight, before * (1 - 0.4 * SHARE * 0.5))


def test_a_step_that_is_not_finite_leaves_weights_and_momentum() -> None:
    network = networks.create("resnet20")
    optimizer = build_optimizer(network, TrainingConfig(optimizer="muon"))
    set_rate(optimizer, 0.4)
    network(_matrices(4, 3, 32, 32)).square().sum().backward()
    step_where_finite(optimizer, torch.tensor(True))
    weight = network.stages[0][0].residual.conv1.weight
    held = (weight.detach().clone(), optimizer.state[weight]["momentum_buffer"].clone())
    assert weight.grad is not None
    weight.grad.fill_(float("nan"))
    step_where_finite(optimizer, torch.tensor(False))
    assert torch.equal(weight, held[0])
    assert torch.equal(optimizer.state[weight]["momentum_buffer"], held[1])
