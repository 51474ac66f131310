import torch
import torch.nn.functional as F

from atalho.blocks.transition import Transition


def test_fewer_channels_and_half_the_size() -> None:
    assert Transition(8, 4)(torch.randn(2, 8, 6, 9)).shape == (2, 4, 3, 4)


def test_norm_relu_convolution_mean_of_2x2() -> None:
    transition = Transition(8, 4).eval()
    x = torch.randn(2, 8, 6, 6)
    wide = F.conv2d(F.relu(transition.norm(x)), transition.conv.weight)
    corners = wide[:, :, ::2, ::2] + wide[:, :, 1::2, ::2] + wide[:, :, ::2, 1::2] + wide[:, :, 1::2, 1::2]
    torch.testing.assert_close(transition(x), corners / 4)
