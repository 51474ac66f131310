"""The estimate of a step's memory against what a step in a process of its own was seen to take."""

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from atalho.config import OptimizerName
from atalho.inspection.memory import KERNELS, StepMemory, step_memory
from atalho.networks import specify
from atalho.runs.memory import TOLERANCE

_MEASURE = Path(__file__).parent / "measured_step.py"


# The C library gives every large tensor pages of its own, so that resident memory is what is in use.
_EXACT = {"MALLOC_MMAP_THRESHOLD_": "131072"}


def _measured(name: str, images: int, memory: str, allocator: str) -> int:
    command = [sys.executable, str(_MEASURE), name, "32", str(images), memory, allocator]
    environment = os.environ | (_EXACT if allocator == "exact" else {})
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def _estimated(name: str, images: int, memory: str) -> StepMemory:
    spec = specify(name, image_size=32)
    return step_memory(spec, 32, images, bf16=False, saving=memory == "saving", averaged=False)


@pytest.mark.parametrize("memory", ["plain", "saving"])
@pytest.mark.parametrize(("name", "images"), [("resnet18", 24), ("densenet-bc-40-12", 24)])
def test_what_is_in_use_is_estimated_within_a_fifth(name: str, images: int, memory: str) -> None:
    measured = _measured(name, images, memory, "exact")
    assert abs(_estimated(name, images, memory).used - measured) <= 0.2 * measured


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["plain", "saving"])
@pytest.mark.parametrize(("name", "images"), [("resnet18", 48), ("resnet56", 64), ("densenet-bc-100-12", 32)])
def test_what_a_process_holds_is_estimated_within_the_tolerance(name: str, images: int, memory: str) -> None:
    measured = _measured(name, images, memory, "command-line")
    assert abs(_estimated(name, images, memory).held("cpu") - measured) <= TOLERANCE * measured


def test_activations_grow_with_the_images_and_weights_do_not() -> None:
    few, many = (step_memory(specify("resnet20"), 32, images, bf16=False) for images in (8, 32))
    assert many.activations == pytest.approx(4 * few.activations, rel=0.05)
    assert many.fixed == few.fixed
    parameters = 269_722
    assert few.gradients == few.optimizer == 4 * parameters
    assert few.fixed > KERNELS + 16 * parameters


@pytest.mark.parametrize("name", ["resnet56", "densenet-bc-40-12"])
def test_saving_needs_less_than_half(name: str) -> None:
    plain, saving = (step_memory(specify(name), 32, 16, bf16=True, saving=way) for way in (False, True))
    assert saving.activations < 0.5 * plain.activations


def test_halving_the_numbers_halves_the_activations() -> None:
    full, half = (step_memory(specify("resnet20"), 32, 16, bf16=way) for way in (False, True))
    assert half.activations == pytest.approx(full.activations / 2, rel=0.1)


def test_the_largest_batch_fills_the_room_and_no_more() -> None:
    needed = step_memory(specify("resnet20"), 32, 32, bf16=False)
    room = int(1.5 * (needed.fixed + needed.activations / 2)) + 1
    assert needed.largest_batch(room, "cpu") == 16
    assert needed.largest_batch(int(1.5 * needed.fixed) - 1, "cpu") == 0


def test_adam_keeps_two_numbers_for_each_parameter() -> None:
    spec, kinds = specify("resnet20"), get_args(OptimizerName)
    held = {kind: step_memory(spec, 32, 2, bf16=False, optimizer=kind).optimizer for kind in kinds}
    assert held["adam"] == 2 * held["sgd"]
    assert held["muon"] == held["sgd"]
