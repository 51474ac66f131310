"""What a run says of memory, and what it says when there is not enough: with limits that the system really sets."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from atalho.config import TrainingConfig
from atalho.errors import OutOfMemoryError
from atalho.networks import specify
from atalho.precision import Precision
from atalho.runs.memory import MemoryRequest, available, check, explained, ran_out

CPU = Precision(torch.device("cpu"), torch.float32, "as asked")

# What torch itself maps is far above its use; the limit lies so much above that.
_LIMITED = """
import resource, sys, torch
from atalho.runs import memory
used = memory._kilobytes(memory.Path("/proc/self/status"), "VmSize")
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 2**20, resource.RLIM_INFINITY))
from atalho.cli import run
sys.exit(run(sys.argv[2:]))
"""

# A process whose limit falls when training begins, as when others take the machine's memory meanwhile.
_TIGHT = """
import resource, sys
import atalho
from atalho.errors import OutOfMemoryError
from atalho.runs import memory
from atalho.training.progress import Progress

class Tight(Progress):
    def begin(self, run):
        used = memory._kilobytes(memory.Path("/proc/self/status"), "VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (used + 20 * 2**20, resource.RLIM_INFINITY))

try:
    settings = {"data.size": 64, "training.threads": 1}
    atalho.train(sys.argv[1], model="resnet20", batch_size=40, settings=settings, out=sys.argv[2], progress=Tight())
except OutOfMemoryError as error:
    print(error)
"""


def _plan(name: str = "resnet18", size: int = 32, world: int = 1, **training: object) -> MemoryRequest:
    return MemoryRequest(specify(name, image_size=size), size, 10_000, TrainingConfig(**training), CPU, world)  # type: ignore[arg-type]


def _limited(megabytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _LIMITED, str(megabytes), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_fits_is_told_part_by_part() -> None:
    text = check(_plan())
    assert text.startswith("memory: about ")
    for part in ("128 images at once", "weights 45 MB", "gradients 45 MB", "optimiser 45 MB", "averaged weights 45 MB"):
        assert part in text
    assert "averaged weights 0 MB" in check(_plan(averaging=0.0))


def test_a_batch_has_no_more_images_than_there_are() -> None:
    few = dataclasses.replace(_plan(batch_size=1024), count=44)
    assert few.images == 44
    assert few.needed() == _plan(batch_size=44).needed()


def test_a_limited_process_refuses_before_any_work_and_its_advice_fits(clothes: Path, tmp_path: Path) -> None:
    arguments = ["train", str(clothes), "--model", "resnet20", "--data.size", "64", "--batch-size", "96"]
    arguments += ["--epochs", "1", "--training.precision", "fp32", "--training.threads", "1"]
    arguments += ["--out", str(tmp_path / "run")]
    refused = _limited(1000, *arguments)
    assert refused.returncode == 2, refused.stderr
    assert "Steps of 96 images at once need about" in refused.stderr
    assert "--memory saving" in refused.stderr
    assert not (tmp_path / "run").exists()
    fits = refused.stderr.split("--training.micro-batch ")[1].split()[0]
    went = _limited(1000, *arguments, "--training.micro-batch", fits)
    assert went.returncode == 0, went.stderr


def test_memory_that_runs_out_in_a_step_is_explained_too(clothes: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TIGHT, str(clothes), str(tmp_path / "run")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("Ran out of memory in a step of 40 images at once. Options that fit: ")
    assert "--training.micro-batch 20 keeps the batch" in ended.stdout


def test_outputs_that_are_kept_until_they_are_measured_are_told_and_counted() -> None:
    """A16: of 10,000 classes and images the logits take more than the step."""
    ten = dataclasses.replace(_plan(), spec=specify("resnet20", classes=10_000), measured=10_000)
    assert ten.outputs == 4 * 10_000 * 10_000
    assert check(ten).endswith("; 381 MB more while 10,000 images are measured")
    assert "measured" not in check(dataclasses.replace(ten, measured=100))
    embedding = dataclasses.replace(ten, spec=dataclasses.replace(ten.spec, embedding=64))
    assert embedding.outputs == 4 * 10_000 * 64
    said = r"1,000,000,000 validation or test images is kept until it is measured: 37,252\.9 GB, but only .* beside"
    with pytest.raises(OutOfMemoryError, match=said):
        check(dataclasses.replace(ten, measured=10**9))


def test_an_allocation_that_fails_is_explained() -> None:
    said = r"Ran out of memory in a step of 128 images at once. Options that fit: --training"
    with pytest.raises(OutOfMemoryError, match=said), explained(_plan()):
        torch.empty(2**52)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explained(_plan()):
        torch.zeros(2, 3) @ torch.zeros(2, 3)
    assert not ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert ran_out(MemoryError())
    assert ran_out(RuntimeError("MPS backend out of memory (MPS allocated: 8.1 GB). Tried to allocate 1.2 GB"))


def test_parts_and_processes_lower_what_passes_at_once() -> None:
    assert _plan().images == 128
    assert _plan(micro_batch=50).images == 43
    assert _plan(world=4).images == 32
    whole, parts = _plan().needed(), _plan(micro_batch=32).needed()
    assert parts.activations == pytest.approx(whole.activations / 4, rel=0.1)


def test_advice_names_the_largest_batch_for_the_room() -> None:
    plan = _plan()
    needed = plan.needed()
    room = int(1.5 * (needed.fixed + needed.activations / 2)) + 1
    assert "--training.micro-batch 64 keeps the batch" in plan.advice(room)
    assert "--batch-size 64" in plan.advice(room)
    saving = dataclasses.replace(plan, training=TrainingConfig(memory="saving"))
    assert "--memory" not in saving.advice(room)
    assert "a smaller network" in plan.advice(needed.fixed)


def test_the_room_is_no_more_than_the_machine_has() -> None:
    room = available(torch.device("cpu"))
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert room is not None
    assert 0 < room <= total
