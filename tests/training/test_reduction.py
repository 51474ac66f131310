"""The one sum over ranks; what two ranks found is in conftest.py."""

from pathlib import Path
from typing import Any

import pytest
import torch

from atalho import networks
from atalho.training.distributed import Ranks
from atalho.training.reduction import GradientReduction, _views

Found = tuple[Path, list[dict[str, Any]]]


def test_alone_nothing_changes() -> None:
    network = networks.create("resnet20")
    network(torch.randn(2, 3, 32, 32)).sum().backward()
    before = [parameter.grad for parameter in network.parameters()]
    loss, right = torch.tensor(1.5), torch.tensor(3)
    assert GradientReduction(network, Ranks())(loss, right, 1.0) == (loss, right)
    assert all(parameter.grad is grad for parameter, grad in zip(network.parameters(), before, strict=True))


def test_the_parts_of_the_sum_lie_as_their_tensors_and_do_not_overlap() -> None:
    tensors = [
        torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last),
        torch.randn(5),
        torch.randn(6, 4, 1, 1).to(memory_format=torch.channels_last),
    ]
    views = _views(torch.zeros(sum(tensor.numel() for tensor in tensors)), tensors)
    torch._foreach_copy_(views, tensors)
    for view, tensor in zip(views, tensors, strict=True):
        assert view.stride() == tensor.stride()
        assert torch.equal(view, tensor)


@pytest.mark.parametrize("loss", ["plain", "weighted"])
def test_the_gradient_over_ranks_is_that_of_one_process(found: Found, loss: str) -> None:
    for rank in found[1]:
        assert rank[loss]["gradient"] < 1e-6
        assert rank[loss]["loss"] < 1e-6
        assert rank[loss]["right"] == 0


def test_statistics_of_norms_are_averaged_by_the_shares(found: Found) -> None:
    assert [rank["statistics"] for rank in found[1]] == [[pytest.approx(50 / 3)]] * 2
    assert found[1][0]["statistics"] == found[1][1]["statistics"]
