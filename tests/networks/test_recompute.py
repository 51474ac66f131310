"""A network that keeps little: what it computes is the plain network's, to the bit; what it holds is less."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from atalho import chance
from atalho.errors import ConfigError
from atalho.networks import create
from atalho.networks.network import Network
from atalho.networks.recompute import Cost, Recomputed, group, within

NAMES = (
    "resnet20", "plain20", "resnet56", "preact20", "resnet18", "resnet50", "densenet-bc-40-12", "densenet121",
)  # fmt: skip


def _step(network: Network, recomputed: bool, bf16: bool, size: int) -> Tensor:
    images = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(1))
    images = images.to(memory_format=torch.channels_last)
    run = Recomputed(network) if recomputed else network
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
    Recomputed(saving)(images).sum().backward()
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(plain.parameters(), saving.parameters(), strict=True))


def test_the_network_itself_stays_as_it_is() -> None:
    network = create("densenet-bc-40-12")
    before = dict(network.named_modules())
    saving = Recomputed(network)
    assert list(saving.named_parameters()) == list(network.named_parameters())
    assert {name: module for name, module in saving.named_modules() if name} == {n: m for n, m in before.items() if n}
    assert dict(network.named_modules()) == before
    with torch.no_grad():
        images = torch.randn(2, 3, 16, 16)
        network.eval()
        assert torch.equal(Recomputed(network)(images), network(images))


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"this network takes \(N, 3, H, W\)"):
        Recomputed(create("resnet20"))(torch.randn(2, 1, 16, 16))


def test_groups_cover_every_block_once_and_hold_the_least() -> None:
    costs = [Cost(1.0, 4.0, False)] * 12
    found = group(costs)
    assert [place for first, last in found for place in range(first, last)] == list(range(12))

    def held(groups: list[tuple[int, int]]) -> float:
        return max(number + 1 + 4.0 * (last - first) for number, (first, last) in enumerate(groups))

    def every(start: int) -> list[list[tuple[int, int]]]:
        if start == 12:
            return [[]]
        return [[(start, end), *rest] for end in range(start + 1, 13) for rest in every(end)]

    assert held(found) == min(map(held, every(0)))


def test_what_is_held_grows_with_the_root_of_the_depth() -> None:
    def held(depth: int) -> float:
        costs = [Cost(1.0, 4.0, False)] * depth
        groups = group(costs)
        return max(number + 1 + 4.0 * (last - first) for number, (first, last) in enumerate(groups))

    assert held(400) < 2.2 * held(100) < 2.2**2 * held(25)


def test_a_limit_that_one_block_exceeds_fits_nothing() -> None:
    assert within([Cost(1.0, 4.0, False)], 4.9) is None
    assert within([Cost(1.0, 4.0, False)], 5.0) == [(0, 1)]
