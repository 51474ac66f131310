"""Deterministic algorithms: switched on while a run computes on a GPU, and as before afterwards."""

import os
import warnings

import pytest
import torch

from atalho.training.determinism import deterministic

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def _switches() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return (
        torch.get_deterministic_debug_mode(),
        cudnn.deterministic,
        cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
        os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    )


def test_on_a_gpu_everything_is_switched_on_and_back_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before, said = _switches(), []
    with pytest.raises(ArithmeticError), deterministic(GPU, True, said.append):
        assert _switches() == (1, True, False, False, ":4096:8")
        raise ArithmeticError
    assert _switches() == before
    assert said == []


def test_a_workspace_that_somebody_chose_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    with deterministic(GPU, True, lambda text: None):
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


@pytest.mark.parametrize(("device", "wanted"), [(CPU, True), (CPU, False), (GPU, False)])
def test_nothing_is_switched_on_the_cpu_or_where_it_is_not_wanted(device: torch.device, wanted: bool) -> None:
    before, said = _switches(), []
    with deterministic(device, wanted, said.append):
        assert _switches() == before
    assert [text.split(":")[0] for text in said] == ["training.deterministic is off"] * (device == GPU)


def test_a_device_without_a_promise_is_told_of() -> None:
    said: list[str] = []
    with deterministic(torch.device("mps"), True, said.append):
        pass
    assert said == ["PyTorch promises no equal results on mps: an equal run may end with other bytes"]


def test_an_operation_without_a_deterministic_form_is_named_once_and_other_warnings_pass() -> None:
    said: list[str] = []
    with deterministic(GPU, True, said.append):
        for _time in range(2):
            # As PyTorch says it where such an operation is called.
            warnings.warn(
                "grid_sampler_2d_backward_cuda does not have a deterministic implementation, but you set …",
                UserWarning,
                stacklevel=1,
            )
        with pytest.raises(UserWarning, match="of something else"):
            warnings.warn("of something else", UserWarning, stacklevel=1)
    assert said == [
        "grid_sampler_2d_backward_cuda has no deterministic form here: an equal run may end with other bytes"
    ]


def test_torch_says_it_in_the_words_that_are_looked_for() -> None:
    said: list[str] = []
    with deterministic(GPU, True, said.append):
        # An operation that has no deterministic form on the CPU either.
        torch.zeros(3).put_(torch.tensor([0]), torch.tensor([1.0]), accumulate=False)
    assert [text.split(" ")[0] for text in said] == ["put_"]
