"""The loss around the weights: right where it can be checked, and the network as it was afterwards."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.inspection import landscape
from atalho.inspection.directions import filter_normalised
from atalho.inspection.norms import by_batch
from atalho.networks.network import Network
from atalho.precision import choose

Batch = tuple[Tensor, Tensor]
CPU = choose("cpu", "fp32")


def test_at_the_centre_it_is_the_networks_own_loss(residual: Network, batch: Batch) -> None:
    images, targets = batch
    direction = filter_normalised(residual, seed=0, draw=0)
    with landscape.around(residual, [direction], [batch], CPU, norms="kept") as at:
        centre = at(0.0)
    logits = residual.eval()(images)
    assert centre.loss == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-5)
    assert centre.error == pytest.approx((logits.argmax(1) != targets).float().mean().item())


def test_a_point_is_the_network_with_moved_weights(residual: Network, batch: Batch) -> None:
    one, other = (filter_normalised(residual, seed=0, draw=draw) for draw in (0, 1))
    with landscape.around(residual, [one, other], [batch], CPU) as at:
        found = at(0.5, -0.25)
    with torch.no_grad():
        for name, weights in residual.named_parameters():
            weights.add_(0.5 * one[name] - 0.25 * other[name])
        with by_batch(residual):
            expected = F.cross_entropy(residual(batch[0]), batch[1]).item()
    assert found.loss == pytest.approx(expected, rel=1e-4)


def test_where_one_was_before_does_not_matter(residual: Network, batch: Batch) -> None:
    direction = filter_normalised(residual, seed=0, draw=0)
    with landscape.around(residual, [direction], [batch], CPU) as at:
        first = at(0.7)
        for step in (-1.0, 3.0, 0.1):
            at(step)
        assert at(0.7) == first


@pytest.mark.parametrize("norms", ["recomputed", "kept"])
def test_the_network_is_left_as_it_was(residual: Network, batch: Batch, norms: landscape.Norms) -> None:
    before = {name: values.clone() for name, values in residual.state_dict().items()}
    direction = filter_normalised(residual, seed=0, draw=0)
    with (
        pytest.raises(KeyboardInterrupt),
        landscape.around(residual, [direction], [batch], CPU, norms=norms) as at,
    ):
        at(1.0)
        raise KeyboardInterrupt
    assert all(torch.equal(before[name], values) for name, values in residual.state_dict().items())
    assert residual.training


def test_recomputed_norms_take_out_a_change_of_scale(residual: Network, batch: Batch) -> None:
    """A convolution before a norm that is twice as large changes nothing, unless the norm keeps its statistics."""
    weights = dict(residual.named_parameters())
    name = "stages.0.0.residual.conv1.weight"
    doubling = {other: torch.zeros_like(values) for other, values in weights.items()} | {name: weights[name].detach()}
    residual.train()(batch[0])  # the norms have seen something
    for norms, same in (("recomputed", True), ("kept", False)):
        with landscape.around(residual, [doubling], [batch], CPU, norms=norms) as at:  # type: ignore[arg-type]
            assert (at(1.0).loss == pytest.approx(at(0.0).loss, rel=1e-4)) is same


def test_batches_are_weighed_by_their_images(residual: Network, batch: Batch) -> None:
    images, targets = batch
    parts = [(images[:6], targets[:6]), (images[6:], targets[6:])]
    direction = filter_normalised(residual, seed=0, draw=0)
    points = []
    for batches in ([batch], parts):
        with landscape.around(residual, [direction], batches, CPU, norms="kept") as at:
            points.append(at(0.0))
    assert points[0].loss == pytest.approx(points[1].loss, rel=1e-5)
    assert points[0].error == points[1].error


def test_a_loss_that_is_no_number_is_none(residual: Network, batch: Batch) -> None:
    direction = filter_normalised(residual, seed=0, draw=0)
    with landscape.around(residual, [direction], [batch], CPU, norms="kept") as at:
        assert at(1e30).loss is None
