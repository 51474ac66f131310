import pytest
import torch
import torch.nn.functional as F

from atalho.blocks.residual import BasicBlock, BottleneckBlock
from atalho.blocks.shortcut import IdentityShortcut, NoShortcut, ProjectionShortcut


def test_the_articles_own_example() -> None:
    """An image of 128 x 128 x 3 through an identity block has 128 x 128 x 3 again."""
    block = BasicBlock(3, 3)
    assert isinstance(block.shortcut, IdentityShortcut)
    assert block(torch.randn(1, 3, 128, 128)).shape == (1, 3, 128, 128)


@pytest.mark.parametrize("block", [BasicBlock(4, 8, 2), BottleneckBlock(4, 2, 8, 2), BasicBlock(4, 4)])
def test_forward_is_the_activation_of_the_sum(block) -> None:
    x = torch.randn(2, 4, 9, 9)
    block.eval()
    assert torch.equal(block(x), F.relu(block.residual(x) + block.shortcut(x)))


def test_the_second_kind_of_block_halves_the_size_and_adds_channels() -> None:
    block = BasicBlock(8, 16, stride=2)
    assert isinstance(block.shortcut, ProjectionShortcut)
    assert block(torch.randn(2, 8, 10, 7)).shape == (2, 16, 5, 4)
    assert (block.in_channels, block.out_channels, block.stride) == (8, 16, 2)


def test_the_3x3_of_a_bottleneck_carries_the_stride() -> None:
    residual = BottleneckBlock(8, 4, 16, stride=2).residual
    convolutions = [residual.get_submodule(f"conv{i}") for i in (1, 2, 3)]
    assert [c.kernel_size for c in convolutions] == [(1, 1), (3, 3), (1, 1)]
    assert [c.stride for c in convolutions] == [(1, 1), (2, 2), (1, 1)]


def test_a_block_without_shortcut_is_its_residual_branch() -> None:
    block = BasicBlock(4, 4, shortcut="none").eval()
    x = torch.randn(2, 4, 5, 5)
    assert isinstance(block.shortcut, NoShortcut)
    assert torch.equal(block(x), F.relu(block.residual(x)))


@pytest.mark.parametrize("shortcut", ["projection", "none"])
def test_a_block_can_be_exported_and_compiled_whole(shortcut) -> None:
    block = BasicBlock(4, 4, shortcut=shortcut).eval()
    x = torch.randn(2, 4, 5, 5)
    exported = torch.export.export(block, (x,)).module()
    compiled = torch.compile(block, backend="eager", fullgraph=True)
    assert torch.equal(exported(x), block(x))
    assert torch.equal(compiled(x), block(x))


def test_a_silenced_block_still_learns() -> None:
    block = BasicBlock(4, 4)
    block.silence()
    block(torch.randn(2, 4, 5, 5)).square().sum().backward()
    assert block.residual.get_submodule("norm2").weight.grad.abs().sum() > 0
