"""What every residual block must satisfy, whatever its design and shortcut."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor

from atalho.blocks.block import Block
from atalho.blocks.kinds import ShortcutKind
from atalho.blocks.linear import LinearBlock
from atalho.blocks.preactivation import PreactivationBasicBlock, PreactivationBottleneckBlock
from atalho.blocks.residual import BasicBlock, BottleneckBlock
from atalho.blocks.shortcut import IdentityShortcut, NoShortcut

Make = Callable[[int, int, int, ShortcutKind], Block]

DESIGNS: dict[str, Make] = {
    "basic": BasicBlock,
    "bottleneck": lambda before, after, stride, kind: BottleneckBlock(before, 4, after, stride, kind),
    "preactivation-basic": PreactivationBasicBlock,
    "preactivation-bottleneck": lambda before, after, stride, kind: PreactivationBottleneckBlock(
        before, 4, after, stride, kind
    ),
    "linear": lambda before, after, stride, kind: LinearBlock(before, after, kind),
}
SHAPES = ((8, 8, 1), (8, 16, 1), (8, 16, 2))
KINDS: tuple[ShortcutKind, ...] = ("projection", "zero-pad", "identity", "none")
CASES = [
    (design, shape, kind)
    for design, shape, kind in product(DESIGNS, SHAPES, KINDS)
    if design != "linear" or (shape[2] == 1 and kind != "zero-pad")
]

every_block = pytest.mark.parametrize(("design", "shape", "kind"), CASES)
every_design = pytest.mark.parametrize("design", DESIGNS)


def image(design: str, channels: int = 8) -> Tensor:
    return torch.randn(4, channels) if design == "linear" else torch.randn(4, channels, 9, 6)


def settled(block: Block) -> Block:
    """With norms as after some training: no scale of 1, no shift of 0, statistics of their own."""
    for name, values in block.state_dict().items():
        if "norm" in name and values.is_floating_point():
            values.uniform_(0.5, 1.5)
    return block


@every_block
def test_shapes_and_attributes(design: str, shape: tuple[int, int, int], kind: ShortcutKind) -> None:
    before, after, stride = shape
    block = DESIGNS[design](before, after, stride, kind)
    assert (block.in_channels, block.out_channels, block.stride) == shape
    size = () if design == "linear" else (-(-9 // stride), 6 // stride)
    assert block(image(design)).shape == (4, after, *size)


@every_block
def test_every_parameter_receives_a_gradient(design: str, shape: tuple[int, int, int], kind: ShortcutKind) -> None:
    block = DESIGNS[design](*shape, kind)
    (block(image(design)) * torch.rand(())).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in block.parameters())


@every_block
def test_silenced_it_is_its_shortcut_alone(design: str, shape: tuple[int, int, int], kind: ShortcutKind) -> None:
    block = settled(DESIGNS[design](*shape, kind))
    block.silence()
    x = image(design)
    for mode in (True, False):
        block.train(mode)
        assert not block.residual(x).any()
        alone = torch.zeros_like(block(x)) if isinstance(block.shortcut, NoShortcut) else block.shortcut(x)
        activation = (lambda y: y) if design.startswith("pre") else torch.relu
        assert torch.equal(block(x), activation(alone))


@every_design
def test_silenced_with_an_identity_it_vanishes(design: str) -> None:
    """Where the input is not negative, as after a ReLU; a pre-activation block vanishes for every input."""
    block = settled(DESIGNS[design](8, 8, 1, "projection"))
    block.silence()
    x = image(design) if design.startswith("pre") else image(design).relu()
    for mode in (True, False):
        assert torch.equal(block.train(mode)(x), x)


@pytest.mark.parametrize("design", ["basic", "bottleneck", "linear"])
def test_a_silenced_block_after_which_a_relu_stands_is_no_identity_on_negative_numbers(design: str) -> None:
    block = DESIGNS[design](8, 8, 1, "projection")
    block.silence()
    assert not torch.equal(block(-torch.ones_like(image(design))), -torch.ones_like(image(design)))


@every_block
def test_the_residual_branch_does_not_know_its_shortcut(
    design: str, shape: tuple[int, int, int], kind: ShortcutKind
) -> None:
    with_it, plain = DESIGNS[design](*shape, kind), DESIGNS[design](*shape, "none")
    assert str(with_it.residual) == str(plain.residual)
    plain.residual.load_state_dict(with_it.residual.state_dict())
    x = image(design)
    assert torch.equal(with_it.residual(x), plain.residual(x))


@every_block
def test_nothing_is_changed_in_place(design: str, shape: tuple[int, int, int], kind: ShortcutKind) -> None:
    """A hook on any module sees a tensor that nobody changes afterwards."""
    block = DESIGNS[design](*shape, kind)
    seen: list[tuple[Tensor, Tensor]] = []

    def keep(module: object, given: tuple[Tensor, ...], y: object) -> None:
        seen.extend((t, t.detach().clone()) for t in (*given, y) if isinstance(t, Tensor))

    for module in block.modules():
        module.register_forward_hook(keep)
    block(image(design))
    assert len(seen) > 8
    assert all(torch.equal(now, then) for now, then in seen)


@every_design
def test_the_identity_is_chosen_by_the_block(design: str) -> None:
    assert isinstance(DESIGNS[design](8, 8, 1, "projection").shortcut, IdentityShortcut)


@every_design
def test_a_number_stays_as_precise_as_it_is(design: str) -> None:
    block = DESIGNS[design](8, 16, 1, "projection")
    assert {p.dtype for p in block.parameters()} == {torch.float32}
    assert block(image(design)).dtype == torch.float32
