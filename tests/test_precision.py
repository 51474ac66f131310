"""The device and the numbers that are computed with."""

import pytest
import torch

from atalho.errors import ConfigError
from atalho.precision import choose, threads


def test_what_is_asked_for_is_taken() -> None:
    assert choose("cpu", "fp32").dtype == torch.float32
    assert choose("cpu", "bf16").dtype == torch.bfloat16


def test_the_choice_says_why() -> None:
    chosen = choose("cpu", "auto")
    assert chosen.reason in str(chosen)
    has_bf16 = any(torch.cpu.get_capabilities().get(name) for name in ("amx_bf16", "avx512_bf16"))
    assert (chosen.dtype == torch.bfloat16) == has_bf16


def test_bf16_products_and_fp32_parameters() -> None:
    layer = torch.nn.Linear(4, 4)
    with choose("cpu", "bf16").autocast():
        assert layer(torch.ones(1, 4)).dtype == torch.bfloat16
    with choose("cpu", "fp32").autocast():
        assert layer(torch.ones(1, 4)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match=r"finds no CUDA GPU here\. Use auto or cpu\."):
        choose("cuda", "auto")


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
    with threads(None):
        assert torch.get_num_threads() == before
