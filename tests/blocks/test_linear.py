import torch
import torch.nn.functional as F

from atalho.blocks.linear import LinearBlock
from atalho.blocks.residual import BasicBlock


def test_forward_is_the_activation_of_the_sum() -> None:
    block = LinearBlock(5, 7).eval()
    x = torch.randn(3, 5)
    assert block(x).shape == (3, 7)
    assert torch.equal(block(x), F.relu(block.residual(x) + block.shortcut(x)))


def test_it_is_the_basic_block_on_images_of_one_pixel() -> None:
    """The same principle: a 3x3 convolution on a single pixel is a linear layer with the weights of its middle."""
    linear, image = LinearBlock(4, 4).eval(), BasicBlock(4, 4).eval()
    with torch.no_grad():
        for i in (1, 2):
            middle = image.residual.get_submodule(f"conv{i}").weight[:, :, 1, 1]
            linear.residual.get_submodule(f"linear{i}").weight.copy_(middle)
    x = torch.randn(3, 4)
    torch.testing.assert_close(linear(x), image(x[:, :, None, None]).flatten(1))
