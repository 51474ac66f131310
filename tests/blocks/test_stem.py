import pytest
import torch
from torch import nn

from atalho.blocks.stem import BareStem, DoubleStem, LargeStem, PixelStem, SmallStem


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize(("kind", "stride"), [(SmallStem, 1), (BareStem, 1), (DoubleStem, 2), (LargeStem, 4)])
def test_a_stem_takes_any_channels_and_has_its_stride(kind: type[nn.Module], stride: int, channels: int) -> None:
    stem = kind(channels, 8)
    assert stem(torch.randn(2, channels, 64, 96)).shape == (2, 8, 64 // stride, 96 // stride)


def test_only_the_bare_stem_leaves_norm_and_relu_to_the_first_block() -> None:
    x = torch.randn(2, 3, 8, 8)
    assert (BareStem(3, 8)(x) < 0).any()
    assert (SmallStem(3, 8)(x) >= 0).all()
    assert [type(module) for module in BareStem(3, 8).children()] == [nn.Conv2d]


def test_a_double_stem_is_two_convolutions_and_leaves_the_last_norm_to_pre_activation() -> None:
    x = torch.randn(2, 3, 7, 9)
    stem, bare = DoubleStem(3, 8).eval(), DoubleStem(3, 8, bare=True).eval()
    bare.load_state_dict({name: w for name, w in stem.state_dict().items() if not name.startswith("norm2")})
    assert bare(x).shape == (2, 8, 4, 5)
    assert (bare(x) < 0).any()
    assert torch.equal(stem(x), torch.relu(stem.norm2(bare(x))))
    assert [tuple(w.shape) for name, w in stem.named_parameters() if "conv" in name] == [(4, 3, 3, 3), (8, 4, 3, 3)]
    assert DoubleStem(3, 1)(x).shape == (2, 1, 4, 5)


def test_pixels_become_a_vector_of_any_size_of_image() -> None:
    stem = PixelStem(3, 8, 16).eval()
    x = torch.randn(2, 3, 8, 8)
    expected = torch.relu(stem.norm(stem.linear(x.flatten(1))))
    assert torch.equal(stem(x), expected)
    # An image of twice the side whose 2x2 pixels are equal is the same image.
    torch.testing.assert_close(stem(x.repeat_interleave(2, 2).repeat_interleave(2, 3)), expected)
