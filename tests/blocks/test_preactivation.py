import pytest
import torch
import torch.nn.functional as F

from atalho.blocks.preactivation import PreactivationBasicBlock, PreactivationBottleneckBlock


@pytest.mark.parametrize(
    "block", [PreactivationBasicBlock(4, 8, 2), PreactivationBottleneckBlock(4, 2, 8, 2), PreactivationBasicBlock(4, 4)]
)
def test_forward_is_the_bare_sum(block) -> None:
    x = torch.randn(2, 4, 9, 9)
    block.eval()
    assert torch.equal(block(x), block.residual(x) + block.shortcut(x))


def test_norm_and_relu_stand_before_each_convolution() -> None:
    order = ["norm1", "relu1", "conv1", "norm2", "relu2", "conv2"]
    assert [name for name, _ in PreactivationBasicBlock(4, 4).residual.named_children()] == order
    deeper = [*order, "norm3", "relu3", "conv3"]
    assert [name for name, _ in PreactivationBottleneckBlock(4, 2, 4).residual.named_children()] == deeper


def test_what_the_residual_branch_computes() -> None:
    """Step by step as figure 4e of the paper has it."""
    block = PreactivationBasicBlock(4, 8, 2).eval()
    r = block.residual
    with torch.no_grad():
        r.norm1.running_mean.normal_()
        r.norm2.weight.normal_()
    x = torch.randn(2, 4, 6, 6)
    first = F.conv2d(F.relu(r.norm1(x)), r.conv1.weight, stride=2, padding=1)
    second = F.conv2d(F.relu(r.norm2(first)), r.conv2.weight, padding=1)
    assert torch.equal(r(x), second)


def test_the_3x3_of_a_bottleneck_carries_the_stride() -> None:
    residual = PreactivationBottleneckBlock(8, 4, 16, stride=2).residual
    assert [residual.get_submodule(f"conv{i}").stride for i in (1, 2, 3)] == [(1, 1), (2, 2), (1, 1)]


def test_the_size_halves_with_the_stride() -> None:
    assert PreactivationBottleneckBlock(8, 4, 16, stride=2)(torch.randn(2, 8, 7, 10)).shape == (2, 16, 4, 5)


def test_a_silenced_block_still_learns() -> None:
    block = PreactivationBasicBlock(4, 4)
    block.silence()
    block(torch.randn(2, 4, 5, 5)).square().sum().backward()
    assert block.residual.get_submodule("conv2").weight.grad.abs().sum() > 0
