"""The gradient at every block, against what a plain backward pass leaves."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.inspection import gradient_flow as flow
from atalho.networks.build import create
from atalho.networks.network import Network

Batch = tuple[Tensor, Tensor]


@pytest.mark.parametrize("which", ["residual", "plain"])
def test_it_is_what_backward_finds(which: str, batch: Batch, request: pytest.FixtureRequest) -> None:
    network: Network = request.getfixturevalue(which)
    images, targets = batch
    found = flow.gradient_flow(network, images, targets)
    assert all(parameter.grad is None for parameter in network.parameters())

    kept: list[Tensor] = []
    x = network.stem(images)
    for _name, block in network.blocks():
        x.retain_grad()
        kept.append(x)
        x = block(x)
    F.cross_entropy(network.head(network.closing(x)), targets).backward()
    assert [row.name for row in found] == [name for name, _block in network.blocks()]
    for row, entering, (_name, block) in zip(found, kept, network.blocks(), strict=True):
        assert entering.grad is not None
        lengths = [8 * float(image.norm()) for image in entering.grad]
        assert row.entering == pytest.approx((sum(length**2 for length in lengths) / 8) ** 0.5, rel=1e-4)
        weights = torch.cat([weights.grad.flatten() for weights in block.residual.parameters()])  # type: ignore[union-attr]
        assert row.weights == pytest.approx(float(weights.norm()), rel=1e-4)


def test_the_network_is_left_as_it_was(residual: Network, batch: Batch) -> None:
    before = {name: values.clone() for name, values in residual.state_dict().items()}
    flow.gradient_flow(residual, *batch)
    assert all(torch.equal(before[name], values) for name, values in residual.state_dict().items())
    assert residual.training
    assert not any(block._forward_pre_hooks for _name, block in residual.blocks())


def test_an_images_norm_does_not_depend_on_how_many_there_are() -> None:
    gradient = torch.randn(1, 4, 5)
    one = flow.per_image(gradient)
    assert one == pytest.approx(float(gradient.norm()))
    assert flow.per_image(gradient.expand(6, 4, 5) / 6) == pytest.approx(one)
    assert flow.per_image(torch.full((2, 3), 1e-30)) == pytest.approx(2 * 3**0.5 * 1e-30)


def test_the_ratio_is_the_first_blocks_norm_to_the_lasts(residual: Network, batch: Batch) -> None:
    found = flow.gradient_flow(residual, *batch)
    assert flow.first_to_last(found) == found[0].entering / found[-1].entering


@pytest.mark.parametrize("name", ["densenet-bc-16-4", "mlp6", "preact20"])
def test_every_family_has_a_row_for_each_block(name: str, batch: Batch) -> None:
    network = create(name)
    found = flow.gradient_flow(network, *batch)
    assert [row.name for row in found] == [name for name, _block in network.blocks()]
    assert all(row.entering > 0 and row.weights > 0 for row in found)


def test_at_the_beginning_shortcuts_keep_the_gradient_even(batch: Batch) -> None:
    """The control starts with the same residual branches, so what differs is the shortcut's doing."""
    ratios = {}
    for name in ("resnet56", "plain56"):
        torch.manual_seed(0)
        ratios[name] = flow.first_to_last(flow.gradient_flow(create(name), *batch))
    assert 0.05 < ratios["resnet56"] < 20
    assert not 0.01 < ratios["plain56"] < 100
