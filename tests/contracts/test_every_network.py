"""What every network of the catalogue must satisfy. Small ones run; large ones in shapes only, on the meta device."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor

from atalho import networks
from atalho.blocks.block import Block
from atalho.blocks.kinds import ShortcutChoice
from atalho.blocks.shortcut import (
    IdentityShortcut,
    LinearProjectionShortcut,
    NoShortcut,
    ProjectionShortcut,
    ZeroPadShortcut,
)
from atalho.inspection.summary import summarise
from atalho.networks import catalogue
from atalho.networks.plan import LinearPlan, ResidualPlan
from atalho.networks.spec import DenseNetSpec, ResNetSpec, Spec, from_dict, to_dict

EVERY = networks.list_models()
SMALL = [
    name
    for name in EVERY
    if catalogue.spec(name).plan().depth <= 34 and (summarise(catalogue.spec(name)).parameters < 4e6)
] + ["densenet-bc-22-6", "densenet-bc-10-4"]
# A thousand layers take a while even in shapes only.
USUAL = [name for name in EVERY if not name.endswith("1202")]


@pytest.mark.parametrize("name", EVERY)
def test_the_spec_survives_a_round_trip(name: str) -> None:
    spec = catalogue.spec(name)
    assert from_dict(to_dict(spec)) == spec


@pytest.mark.parametrize("name", EVERY)
def test_images_of_the_smallest_size_pass(name: str) -> None:
    smallest = catalogue.spec(name).plan().stride
    assert summarise(catalogue.spec(name), (3, smallest, smallest)).rows[-2].shape[1:] in ((1, 1), ())


@pytest.mark.parametrize("name", USUAL)
def test_the_modules_are_the_plan(name: str) -> None:
    with torch.device("meta"):
        network = networks.create(name)
    planned = network.spec.plan()
    blocks = list(network.blocks())
    for (qualified, block), wanted in zip(blocks, planned.blocks, strict=True):
        assert qualified == f"stages.{wanted.stage}.{wanted.index}"
        assert (block.in_channels, block.out_channels, block.stride) == (
            wanted.in_channels,
            wanted.out_channels,
            wanted.stride,
        )
    assert sum(p.numel() for p in network.parameters()) == summarise(network).parameters
    assert {t.dtype for t in network.parameters()} == {torch.float32}


PATHS = {
    "identity": (IdentityShortcut,),
    "projection": (ProjectionShortcut, LinearProjectionShortcut),
    "zero-pad": (ZeroPadShortcut,),
    "none": (NoShortcut,),
}


# In the catalogue, blocks that halve the size also widen: two networks in which each happens without the other.
SPECS = {name: catalogue.spec(name) for name in USUAL} | {
    "of one width": replace(catalogue.spec("resnet20"), widths=(16, 16, 16)),
    "of one size": replace(catalogue.spec("resnet50"), blocks=(2, 2), widths=(256, 512), last_stride=1),
}


def choices(spec: Spec) -> tuple[ShortcutChoice, ...]:
    """What can be asked for: a plain network is given no shortcuts, and vectors are not padded."""
    if isinstance(spec, DenseNetSpec):
        return ()
    if spec.shortcut == "none":
        return ("auto", "none")
    return get_args(ShortcutChoice) if isinstance(spec, ResNetSpec) else ("auto", "projection", "identity", "none")


@pytest.mark.parametrize(("name", "choice"), [(name, choice) for name in SPECS for choice in choices(SPECS[name])])
def test_the_plan_says_which_shortcut_every_block_has(name: str, choice: ShortcutChoice) -> None:
    with torch.device("meta"):
        network = networks.create(SPECS[name], shortcut=choice)
    for (qualified, block), planned in zip(network.blocks(), network.spec.plan().blocks, strict=True):
        assert isinstance(block, Block)
        assert isinstance(planned, ResidualPlan | LinearPlan)
        assert isinstance(block.shortcut, PATHS[planned.path]), qualified


@pytest.mark.parametrize("name", USUAL)
def test_depth_is_what_is_weighted(name: str) -> None:
    with torch.device("meta"):
        network = networks.create(name)
    weighted = [
        qualified
        for qualified, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and ".shortcut." not in qualified
    ]
    assert network.spec.plan().depth == len(weighted)


LARGE = [name for name in USUAL if name not in SMALL]


def deep(name: str) -> bool:
    return catalogue.spec(name).plan().depth > 121


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if deep(name) else ()) for name in LARGE])
def test_large_every_parameter_takes_part(name: str) -> None:
    with torch.device("meta"):
        network = networks.create(name, classes=7)
        y = network(torch.empty(2, 3, 64, 64))
    assert y.shape == (2, 7)
    y.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_small_every_parameter_receives_a_gradient(name: str) -> None:
    network = networks.create(name, classes=7)
    y = network(torch.randn(4, 3, 16, 16))
    assert y.shape == (4, 7)
    y.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_changed_in_place(name: str) -> None:
    network = networks.create(name)
    seen: list[tuple[Tensor, int]] = []

    def keep(module: object, given: object, y: object) -> None:
        if isinstance(y, Tensor):
            seen.append((y, y._version))

    for module in network.modules():
        module.register_forward_hook(keep)
    network(torch.randn(2, 3, 16, 16))
    assert all(y._version == version for y, version in seen)


RESIDUAL = [name for name in SMALL if name.startswith(("resnet", "preact", "mlp"))]


@pytest.mark.parametrize("name", RESIDUAL)
def test_silenced_identity_blocks_vanish_from_a_network(name: str) -> None:
    """The article's thought: blocks that learn zero are as if they did not exist."""
    network = networks.create(name).eval()
    x = torch.randn(2, 3, 16, 16)
    for _name, block in network.blocks():
        assert isinstance(block, Block)
        if block.in_channels == block.out_channels and block.stride == 1:
            block.silence()
    y = network.stem(x)
    for _name, block in network.blocks():
        if block.in_channels != block.out_channels or block.stride != 1:
            y = block(y)
    assert torch.equal(network(x), network.head(network.closing(y)))


@pytest.mark.parametrize("name", [n for n in EVERY if isinstance(catalogue.spec(n), DenseNetSpec)])
def test_channels_of_dense_blocks_follow_the_formula(name: str) -> None:
    spec = catalogue.spec(name)
    assert isinstance(spec, DenseNetSpec)
    channels = [row.shape[0] for row in summarise(spec).rows]
    expected = [spec.stem_channels]
    for stage, layers in enumerate(spec.blocks):
        expected.append(expected[-1] + layers * spec.growth_rate)
        if stage < len(spec.blocks) - 1:
            expected.append(int(expected[-1] * spec.compression))
    assert channels[: len(expected)] == expected
