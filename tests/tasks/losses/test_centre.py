"""The centre loss and how its centres follow, against the paper's equations."""

import pytest
import torch

from atalho.tasks.losses.centre import CentreLoss


def test_the_loss_is_half_the_mean_squared_distance() -> None:
    loss = CentreLoss(3, 2)
    loss.centres.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]]))
    value = loss(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), torch.tensor([0, 2]))
    assert value.item() == pytest.approx((1 + 4) / 2 / 2)


def test_centres_follow_by_equation_four_and_in_place() -> None:
    loss = CentreLoss(3, 2)
    held = loss.centres
    features, labels = torch.randn(5, 2), torch.tensor([0, 0, 2, 2, 2])
    expected = held.clone()
    for who in (0, 2):
        mine = features[labels == who]
        expected[who] -= 0.5 * (held[who] - mine).sum(0) / (1 + len(mine))
    loss(features, labels)
    torch.testing.assert_close(loss.centres, expected)
    assert loss.centres is held
    assert not held[1].any()
