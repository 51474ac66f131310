"""A network that keeps little: what it computes is the plain network's, to the bit; what it holds is less."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from atalho import chance
from atalho.errors import ConfigError
from atalho.networks import create
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.networks.network import Network

NAMES = (
    "resnet20", "plain20", "resnet56", "preact20", "resnet18", "resnet50", "densenet-bc-40-12", "densenet121",
)  # fmt: skip


def _step(network: Network, recomputed: bool, bf16: bool, size: int) -> Tensor:
    images = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(1))
    images = images.to(memory_format=torch.channels_last)
    run = RecomputingNetwork(network) if recomputed else network
    with chance.batch(0, 2, np.arange(4)), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        logits: Tensor = run(images)
    logits.float().square().sum().backward()
    return logits.detach()


def _pair(name: str, size: int) -> tuple[Network, Network]:
    torch.manual_seed(0)
    network = create(name, classes=5, dropout=0.3, image_size=size).to(memory_format=torch.channels_last)
    return network, copy.deepcopy(network)


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_logits_gradients_and_statistics_are_the_plain_ones_to_the_bit(name: str, bf16: bool) -> None:
    size = 65 if name in ("resnet18", "densenet121") else 16
    plain, saving = _pair(name, size)
    assert torch.equal(_step(plain, False, bf16, size), _step(saving, True, bf16, size))
    for (path, mine), theirs in zip(saving.named_parameters(), plain.parameters(), strict=True):
        assert mine.grad is not None, path
        assert torch.equal(mine.grad, theirs.grad), path
    for (path, mine), theirs in zip(saving.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(mine, theirs), path


@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-40-12"])
def test_frozen_norms_stay_frozen(name: str) -> None:
    plain, saving = (network.eval() for network in _pair(name, 16))
    assert torch.equal(_step(plain, False, False, 16), _step(saving, True, False, 16))
    for mine, theirs in zip(saving.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad)


def test_layers_that_lie_channels_first_do_too() -> None:
    torch.manual_seed(0)
    plain = create("densenet-bc-40-12", classes=5)
    saving = copy.deepcopy(plain)
    images = torch.randn(2, 3, 16, 16)
    plain(images).sum().backward()
    RecomputingNetwork(saving)(images).sum().backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(plain.parameters(), saving.parameters(), strict=True))


def test_the_network_itself_stays_as_it_is() -> None:
    network = create("densenet-bc-40-12")
    before = dict(network.named_modules())
    saving = RecomputingNetwork(network)
    assert list(saving.named_parameters()) == list(network.named_parameters())
    assert {name: module for name, module in saving.named_modules() if name} == {n: m for n, m in before.items() if n}
    assert dict(network.named_modules()) == before
    with torch.no_grad():
        images = torch.randn(2, 3, 16, 16)
        network.eval()
        assert torch.equal(RecomputingNetwork(network)(images), network(images))


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected \(N, 3, H, W\)"):
        RecomputingNetwork(create("resnet20"))(torch.randn(2, 1, 16, 16))
