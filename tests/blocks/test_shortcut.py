import os
import subprocess
import sys
from pathlib import Path

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


# In a process of its own, for what it tries would end this one. Odd batches and two threads make oneDNN begin in the
# middle of an image, where it writes furthest past its buffer.
_TRAIN_FEW_CHANNELS = """
import sys
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from atalho.networks.build import build
from atalho.networks.resnet import ResNetSpec

torch.set_num_threads(2)
pixels = [np.asarray(Image.open(path).convert("L").resize((56, 56))) for path in sorted(Path(sys.argv[1]).iterdir())]
images = torch.from_numpy(np.stack(pixels[:23])).float().div(255).unsqueeze(1).to(memory_format=torch.channels_last)
spec = ResNetSpec(
    design="basic", blocks=(1, 1, 1), widths=(2, 8, 16), stem="small", stem_channels=2, classes=3, in_channels=1
)
network = build(spec).to(memory_format=torch.channels_last).train()
for step in range(6):
    with torch.autocast("cpu", torch.bfloat16, enabled=step % 2 == 1):
        logits = network(images)
    torch.nn.functional.cross_entropy(logits.float(), torch.arange(23) % 3).backward()
print("trained")
"""


def test_few_channels_train_in_several_threads(clothes: Path) -> None:
    command = [sys.executable, "-c", _TRAIN_FEW_CHANNELS, str(clothes / "train" / "bag")]
    # Threads that wait actively for each other take minutes where other tests use the cores.
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (ended.returncode, ended.stdout) == (0, "trained\n"), ended.stderr


@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 12), (7, 9)])
def test_few_channels_are_projected_as_by_a_convolution_with_the_stride(height: int, width: int) -> None:
    projection = ProjectionShortcut(6, 8, 2).conv
    assert type(projection) is not nn.Conv2d
    image = torch.randn(3, 6, height, width)
    x = image.to(memory_format=torch.channels_last).requires_grad_()
    y = projection(x)
    # Without channels_last oneDNN stays within its buffer.
    plain = image.clone().requires_grad_()
    expected = nn.functional.conv2d(plain, projection.weight, stride=2)
    weighting = torch.randn_like(expected)
    for found, wanted in zip(
        (y, *torch.autograd.grad(y, (x, projection.weight), weighting)),
        (expected, *torch.autograd.grad(expected, (plain, projection.weight), weighting)),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted)
        assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("in_channels", "stride"), [(16, 2), (6, 1)])
def test_other_projections_are_plain_convolutions(in_channels: int, stride: int) -> None:
    assert type(ProjectionShortcut(in_channels, 32, stride).conv) is nn.Conv2d


def test_an_unknown_kind_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown shortcut 'zeropad'\. Did you mean zero-pad\?"):
        make_shortcut("zeropad", 4, 8, 1)  # type: ignore[arg-type]


def test_zero_pad_cannot_narrow() -> None:
    with pytest.raises(ConfigError, match=r"'zero-pad' from 8 to 4 channels: it can only add .* use 'projection'"):
        make_shortcut("zero-pad", 8, 4, 2)


def test_zero_pad_is_not_for_linear_blocks() -> None:
    with pytest.raises(ConfigError, match="use 'projection' or 'none'"):
        make_shortcut("zero-pad", 4, 8, of="vectors")
