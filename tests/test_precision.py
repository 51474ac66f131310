"""The device and the numbers that are computed with."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
import torch

from atalho.errors import ConfigError
from atalho.precision import LayoutName, Precision, choose, threads


def test_what_is_asked_for_is_taken() -> None:
    assert choose("cpu", "fp32").dtype == torch.float32
    assert choose("cpu", "bf16").dtype == torch.bfloat16


def test_the_choice_says_why() -> None:
    assert str(choose("cpu", "auto")) == "cpu fp32 (the same on every CPU)"
    assert str(choose("cpu", "bf16")) == "cpu bf16 (as requested)"


def test_images_lie_as_the_layout_says_also_those_of_one_channel() -> None:
    for channels in (1, 3):
        images = torch.zeros(2, 4, 4, channels).permute(0, 3, 1, 2)
        last, contiguous = (replace(choose("cpu", "fp32"), layout=layout) for layout in get_args(LayoutName))
        assert last.arranged(images).stride() == images.stride()
        assert contiguous.arranged(images).stride() == (16 * channels, 16, 4, 1)


def test_bf16_products_and_fp32_parameters() -> None:
    layer = torch.nn.Linear(4, 4)
    with choose("cpu", "bf16").autocast():
        assert layer(torch.ones(1, 4)).dtype == torch.bfloat16
    with choose("cpu", "fp32").autocast():
        assert layer(torch.ones(1, 4)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Let PyTorch report a GPU of this kind, or none, and the GPU be what is used where nothing is asked for."""
    monkeypatch.delenv("ATALHO_DEVICE")

    def report(kind: str | None) -> None:
        found = None if kind is None else torch.device(kind)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: found)

    return report


@pytest.mark.parametrize("kind", ["mps", "xpu"])
def test_other_gpus_are_found_and_compute_in_fp32(reports: Callable[[str | None], None], kind: str) -> None:
    reports(kind)
    found = choose("auto", "auto")
    assert (found.device.type, found.dtype) == (kind, torch.float32)
    assert str(found) == f"{kind} fp32 (bf16 is not tested on {kind})"
    assert choose("cpu", "fp32").device.type == "cpu"
    assert choose("auto", "bf16").dtype == torch.bfloat16


def test_cuda_computes_in_bf16_where_it_has_the_units(
    reports: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports("cuda")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert str(choose("auto", "auto")) == str(choose("cuda", "auto")) == "cuda bf16 (H200)"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    assert choose("auto", "auto").dtype == torch.float32


def test_a_kind_of_gpu_that_atalho_does_not_know_is_left_alone(reports: Callable[[str | None], None]) -> None:
    reports("hpu")
    assert choose("auto", "fp32").device.type == "cpu"


def test_the_environment_says_what_auto_is(
    reports: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports("mps")
    monkeypatch.setenv("ATALHO_DEVICE", "cpu")
    assert choose("auto", "fp32").device.type == "cpu"
    assert choose("mps", "fp32").device.type == "mps"
    monkeypatch.setenv("ATALHO_DEVICE", "")
    assert choose("auto", "fp32").device.type == "mps"
    monkeypatch.setenv("ATALHO_DEVICE", "gpu")
    with pytest.raises(ConfigError, match=r"ATALHO_DEVICE = 'gpu', but .* Use auto, or one of: cpu, mps\."):
        choose("auto", "fp32")
    assert choose("cpu", "fp32").device.type == "cpu"


def test_a_device_that_is_not_there_is_said(reports: Callable[[str | None], None]) -> None:
    reports(None)
    with pytest.raises(
        ConfigError,
        match=r"training\.device = 'mps', but PyTorch finds no such device here\. Use auto, or one of: cpu\.",
    ):
        choose("mps", "auto")
    reports("xpu")
    with pytest.raises(ConfigError, match=r"'cuda', but .* one of: cpu, xpu\."):
        choose("cuda", "auto")


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
    with threads(None):
        assert torch.get_num_threads() == before


def test_fp32_on_cuda_is_not_tf32() -> None:
    before = torch.backends.cudnn.allow_tf32
    with Precision(torch.device("cuda"), torch.float32, "").autocast():
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before
