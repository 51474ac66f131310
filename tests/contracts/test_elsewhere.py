"""The stand-in for a GPU computes what the CPU does, and refuses what a GPU refuses."""

from collections.abc import Callable

import elsewhere
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.networks import create
from atalho.networks.network import Network

MIXED = "same device|indices should be either on cpu"


def both() -> tuple[Tensor, Tensor]:
    """(2,3) on the CPU and elsewhere."""
    here = torch.arange(6.0).reshape(2, 3)
    return here, here.to(elsewhere.NAME)


@pytest.mark.parametrize(
    "mix",
    [
        lambda here, there: here + there,
        lambda here, there: there.add_(here),
        lambda here, there: here.add_(there),
        lambda here, there: there @ here.T,
        lambda here, there: torch.cat([here, there]),
        lambda here, there: torch.stack([here.sum(), there.sum()]),
        lambda here, there: torch.where(there > 1, there, here),
        lambda here, there: here[there.long()[0]],
        lambda here, there: there.index_add(0, torch.tensor([0]), there[:1]),
        lambda here, there: F.linear(here, there),
        lambda here, there: F.conv2d(here[None, None], there[None, None]),
        lambda here, there: F.conv2d(there[None, None], here[None, None]),
        lambda here, there: F.cross_entropy(there, torch.tensor([0, 1])),
        lambda here, there: F.batch_norm(there, here[0], here[0], training=True),
        lambda here, there: torch._foreach_add_([there], [here]),
    ],
)
def test_tensors_of_two_devices_are_refused(mix: Callable[[Tensor, Tensor], object]) -> None:
    with pytest.raises(RuntimeError, match=MIXED):
        mix(*both())


def test_what_a_gpu_does_with_the_cpu_is_allowed() -> None:
    here, there = both()
    assert torch.equal((there * torch.tensor(2.0)).cpu(), here * 2)
    assert torch.equal(there[torch.tensor([1, 0])].cpu(), here[[1, 0]])
    there[torch.tensor([0])] = torch.tensor(7.0)
    assert there.tolist() == [[7, 7, 7], [3, 4, 5]]
    there.copy_(here)
    assert torch.equal(there.cpu(), here)


def test_numpy_fp64_and_generators_of_the_cpu_are_refused() -> None:
    _here, there = both()
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()
    with pytest.raises(TypeError, match="numpy"):
        np.asarray(there)
    for make in (there.double, lambda: torch.zeros(1, dtype=torch.float64, device=elsewhere.NAME)):
        with pytest.raises(TypeError, match=r"no torch\.float64"):
            make()
    for draw in (lambda g: there.normal_(generator=g), lambda g: torch.rand(2, device=elsewhere.NAME, generator=g)):
        with pytest.raises(RuntimeError, match="generator"):
            draw(torch.Generator())


def test_views_share_their_storage_and_keep_their_strides() -> None:
    here, there = both()
    there[:, 1] = 9.0
    here[:, 1] = 9.0
    assert torch.equal(there.T.cpu(), here.T)
    assert there.T.stride() == here.T.stride() and not there.T.is_contiguous()
    assert there[1:].untyped_storage().data_ptr() == there.untyped_storage().data_ptr()
    images = torch.zeros(2, 3, 4, 5, device=elsewhere.NAME).to(memory_format=torch.channels_last)
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_a_network_learns_the_same_to_the_bit() -> None:
    def learn(device: str) -> Network:
        torch.manual_seed(0)
        network = create("resnet20", classes=3).to(device).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=True)
        images = torch.randn(4, 3, 16, 16).to(device)
        for _step in range(2):
            optimizer.zero_grad()
            F.cross_entropy(network(images), torch.tensor([0, 1, 2, 0]).to(device)).backward()
            optimizer.step()
        return network

    here, there = learn("cpu").state_dict(), learn(elsewhere.NAME).state_dict()
    assert all(there[name].device.type == elsewhere.NAME for name in here)
    assert all(torch.equal(there[name].cpu(), value) for name, value in here.items())


def test_autocast_computes_products_in_bf16_and_their_gradients_in_fp32() -> None:
    images, weights = torch.ones(1, 2, 4, 4), torch.full((3, 2, 3, 3), 0.01, requires_grad=True)
    moved = weights.detach().to(elsewhere.NAME).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        expected = F.conv2d(images, weights)
    with torch.autocast(elsewhere.NAME, torch.bfloat16):
        found = F.conv2d(images.to(elsewhere.NAME), moved)
        assert (moved[:, 0, 0] @ moved[:, 0, 0].T).dtype == torch.bfloat16
    assert found.dtype == torch.bfloat16 and torch.equal(found.cpu(), expected)
    found.sum().backward()
    assert moved.grad is not None and moved.grad.dtype == torch.float32
