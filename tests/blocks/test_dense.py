import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from atalho.blocks.dense import DenseBlock, DenseLayer


@settings(deadline=None, max_examples=30)
@given(
    channels=st.integers(1, 9), layers=st.integers(1, 5), growth_rate=st.integers(1, 6), bottleneck=st.integers(1, 3)
)
def test_channels_follow_the_formula(channels: int, layers: int, growth_rate: int, bottleneck: int) -> None:
    """k0 + k x layers (the paper, section 3, "Growth rate")."""
    block = DenseBlock(channels, layers, growth_rate, bottleneck)
    y = block(torch.randn(2, channels, 4, 5))
    assert y.shape == (2, channels + layers * growth_rate, 4, 5)
    assert block.out_channels == y.shape[1]


def test_every_layer_sees_all_features_before_it() -> None:
    """Against the paper's equation 2 with an explicit list: x_l = H_l([x_0, x_1, …, x_{l-1}])."""
    block = DenseBlock(3, layers=4, growth_rate=2).eval()
    features = [torch.randn(2, 3, 5, 5)]
    for layer in block.layers:
        features.append(layer(torch.cat(features, dim=1)))
    assert torch.equal(block(features[0]), torch.cat(features, dim=1))


def test_the_input_comes_out_unchanged_beside_the_new_features() -> None:
    x = torch.randn(2, 3, 5, 5)
    assert torch.equal(DenseBlock(3, 4, 2)(x)[:, :3], x)


def test_a_layer_returns_its_new_features_only() -> None:
    layer = DenseLayer(6, growth_rate=4, bottleneck=2).eval()
    x = torch.randn(2, 6, 5, 5)
    middle = F.conv2d(F.relu(layer.norm1(x)), layer.conv1.weight)
    assert middle.shape[1] == 8
    assert torch.equal(layer(x), F.conv2d(F.relu(layer.norm2(middle)), layer.conv2.weight, padding=1))


def test_a_silenced_dense_block_adds_channels_of_zeros() -> None:
    block = DenseBlock(3, 4, 2)
    block.silence()
    x = torch.randn(2, 3, 5, 5)
    for mode in (True, False):
        y = block.train(mode)(x)
        assert torch.equal(y[:, :3], x)
        assert not y[:, 3:].any()
