"""Norms under inspection: the statistics they take, and that nothing of it stays."""

import pytest
import torch
from torch import Tensor

from atalho.inspection import norms
from atalho.networks.build import create
from atalho.networks.network import Network

Batch = tuple[Tensor, Tensor]


def state(network: Network) -> dict[str, Tensor]:
    return {name: values.clone() for name, values in network.state_dict().items()}


def unchanged(before: dict[str, Tensor], network: Network) -> bool:
    return all(torch.equal(before[name], values) for name, values in network.state_dict().items())


@pytest.mark.parametrize("training", [True, False])
def test_by_batch_is_the_training_mode_without_a_trace(residual: Network, batch: Batch, training: bool) -> None:
    images, _targets = batch
    residual.train(training)
    before = state(residual)
    with norms.by_batch(residual):
        found = residual(images)
    assert unchanged(before, residual)
    assert all(module.training is training for module in residual.modules())
    assert torch.equal(found, residual.train()(images))
    assert not unchanged(before, residual)  # the training mode does leave a trace


def test_by_batch_leaves_dropout_out(batch: Batch) -> None:
    network = create("resnet20", dropout=0.9)
    with norms.by_batch(network):
        assert not network.head.training
        assert torch.equal(network(batch[0]), network(batch[0]))


def test_recomputed_statistics_are_those_of_the_images(residual: Network, batch: Batch) -> None:
    images, _targets = batch
    before = state(residual)
    with norms.recomputed(residual, images), torch.no_grad():
        entering = residual.get_submodule("stem.conv")(images)
        first = norms.norms(residual)[0]
        torch.testing.assert_close(first.running_mean, entering.mean((0, 2, 3)))
        torch.testing.assert_close(first.running_var, entering.var((0, 2, 3)))
        # An image's output is its own: alone or beside the others.
        torch.testing.assert_close(residual(images)[:1], residual(images[:1]))
    assert unchanged(before, residual)
    assert residual.training and all(norm.momentum == 0.1 for norm in norms.norms(residual))


def test_an_error_inside_leaves_nothing_behind(residual: Network, batch: Batch) -> None:
    before = state(residual)
    for entered in (norms.by_batch(residual), norms.recomputed(residual, batch[0])):
        with pytest.raises(KeyboardInterrupt), entered:
            raise KeyboardInterrupt
        assert unchanged(before, residual) and residual.training
        assert all(norm.track_running_stats and norm.momentum == 0.1 for norm in norms.norms(residual))
