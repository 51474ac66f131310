import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from atalho.blocks.shortcut import (
    IdentityShortcut,
    LinearProjectionShortcut,
    NoShortcut,
    ProjectionShortcut,
    ZeroPadShortcut,
    make_shortcut,
)
from atalho.errors import ConfigError


def option_a(x: Tensor, out_channels: int, stride: int) -> Tensor:
    """Written from the paper: every stride-th pixel, extra channels of zeros, half before and half after."""
    picked = x[:, :, ::stride, ::stride]
    y = torch.zeros(len(x), out_channels, *picked.shape[2:])
    before = (out_channels - x.shape[1]) // 2
    y[:, before : before + x.shape[1]] = picked
    return y


@settings(deadline=None, max_examples=40)
@given(
    channels=st.integers(1, 6),
    more=st.integers(0, 7),
    stride=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
)
def test_zero_pad_is_the_papers_option_a(channels: int, more: int, stride: int, height: int, width: int) -> None:
    x = torch.randn(2, channels, height, width)
    assert torch.equal(ZeroPadShortcut(channels, channels + more, stride)(x), option_a(x, channels + more, stride))


def test_zero_pad_sends_back_the_gradient_of_the_pixels_that_it_picked() -> None:
    x = torch.randn(2, 4, 6, 6, requires_grad=True)
    weights = torch.randn(2, 8, 3, 3)
    (own,) = torch.autograd.grad((ZeroPadShortcut(4, 8, 2)(x) * weights).sum(), x)
    (expected,) = torch.autograd.grad((option_a(x, 8, 2) * weights).sum(), x)
    assert torch.equal(own, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_zero_pad_keeps_channels_last_forward_and_backward(dtype: torch.dtype) -> None:
    x = torch.randn(2, 16, 8, 8).to(dtype).to(memory_format=torch.channels_last).requires_grad_()
    y = ZeroPadShortcut(16, 32, 2)(x)
    (gradient,) = torch.autograd.grad(y, x, torch.ones_like(y))
    assert y.dtype == dtype
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("kind", "channels", "stride", "expected"),
    [
        ("projection", (8, 8), 1, IdentityShortcut),
        ("zero-pad", (8, 8), 1, IdentityShortcut),
        ("projection", (8, 8), 2, ProjectionShortcut),
        ("projection", (8, 16), 1, ProjectionShortcut),
        ("zero-pad", (8, 16), 2, ZeroPadShortcut),
        ("identity", (8, 8), 1, IdentityShortcut),
        ("identity", (8, 8), 2, NoShortcut),
        ("identity", (8, 16), 1, NoShortcut),
        ("none", (8, 8), 1, NoShortcut),
        ("none", (8, 16), 2, NoShortcut),
    ],
)
def test_the_shortcut_follows_from_channels_and_stride(kind, channels, stride, expected: type[nn.Module]) -> None:
    assert type(make_shortcut(kind, *channels, stride)) is expected


def test_linear_shortcuts_follow_from_the_width() -> None:
    assert type(make_shortcut("projection", 4, 4, of="vectors")) is IdentityShortcut
    assert type(make_shortcut("projection", 4, 6, of="vectors")) is LinearProjectionShortcut
    assert type(make_shortcut("none", 4, 6, of="vectors")) is NoShortcut
    assert type(make_shortcut("identity", 4, 4, of="vectors")) is IdentityShortcut
    assert type(make_shortcut("identity", 4, 6, of="vectors")) is NoShortcut
    assert make_shortcut("projection", 4, 6, of="vectors")(torch.randn(3, 4)).shape == (3, 6)


def test_an_identity_is_the_very_same_tensor() -> None:
    x = torch.randn(1, 2, 3, 3)
    assert IdentityShortcut()(x) is x


def test_a_missing_shortcut_adds_nothing_and_copies_nothing() -> None:
    x = torch.randn(1, 2, 3, 3)
    nothing = NoShortcut()(x)
    assert isinstance(nothing, Tensor)
    assert x + nothing is nothing + x is torch.add(x, nothing) is x


def test_in_all_but_sums_a_missing_shortcut_is_a_plain_zero() -> None:
    x = torch.randn(1, 2, 3, 3)
    nothing = NoShortcut()(x)
    assert nothing == 0
    assert type(x * nothing) is Tensor
    assert torch.equal(x * nothing, x * 0)


def test_a_projection_is_a_1x1_convolution_with_the_stride_and_a_norm() -> None:
    shortcut = ProjectionShortcut(4, 8, 2)
    assert shortcut(torch.randn(2, 4, 7, 7)).shape == (2, 8, 4, 4)
    assert sum(p.numel() for p in shortcut.parameters()) == 4 * 8 + 2 * 8


def test_an_unknown_kind_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown shortcut 'zeropad'\. Did you mean zero-pad\?"):
        make_shortcut("zeropad", 4, 8, 1)  # type: ignore[arg-type]


def test_zero_pad_cannot_narrow() -> None:
    with pytest.raises(ConfigError, match=r"'zero-pad' from 8 to 4 channels: it can only add .* use 'projection'"):
        make_shortcut("zero-pad", 8, 4, 2)


def test_zero_pad_is_not_for_linear_blocks() -> None:
    with pytest.raises(ConfigError, match="use 'projection' or 'none'"):
        make_shortcut("zero-pad", 4, 8, of="vectors")
