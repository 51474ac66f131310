"""Will a run fit into memory? Said before it starts; and where it does not, the batch that would."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from atalho import system
from atalho.config import TrainingConfig
from atalho.data import order
from atalho.data.dataset import Dataset
from atalho.data.manifest import Ids
from atalho.data.on_device import resident
from atalho.errors import OutOfMemoryError
from atalho.inspection.memory import StepMemory, step_memory
from atalho.networks.spec import Spec
from atalho.precision import Precision
from atalho.text import _
from atalho.text.numbers import size, whole

TOLERANCE: Final = 0.25
"""The share by which estimates err at most, by `tests/inspection/test_memory.py`. What might fit is not refused."""

_WORTH_SAYING: Final = 0.1
_ADDRESSES: Final = 0.6
_CGROUP = Path("/sys/fs/cgroup")
# What PyTorch and the C++ library say when an allocation fails on the CPU, or on MPS, for which there is no own error.
_FAILED = re.compile(
    r"can't allocate memory|DefaultCPUAllocator|not enough memory|bad_alloc|Cannot allocate memory|MPS .*out of memory"
)


@dataclass(frozen=True)
class MemoryRequest:
    """What a run asks of memory: its network, the side of its `count` training images, and how it trains.

    It does so in `world` processes. `measured` is how many images the largest split has that it validates or measures.
    """

    spec: Spec
    size: int
    count: int
    training: TrainingConfig
    precision: Precision
    world: int = 1
    measured: int = 0

    @property
    def outputs(self) -> int:
        """Bytes in main memory of what the network says of all images of a split, kept until they are measured."""
        return 4 * self.measured * (self.spec.embedding or self.spec.classes)

    @property
    def images(self) -> int:
        """The most images that pass the network at once in one process."""
        return at_once(self.training, self.count, self.world)

    @property
    def device(self) -> str:
        """Where it computes, by PyTorch's name."""
        return self.precision.device.type

    def needed(self, *, saving: bool | None = None) -> StepMemory:
        """The estimate for this run, or for the same with or without recomputation."""
        return step_memory(
            self.spec,
            self.size,
            self.images,
            bf16=self.precision.dtype == torch.bfloat16,
            saving=self.training.memory == "saving" if saving is None else saving,
            averaged=self.training.averaging > 0,
            optimizer=self.training.optimizer,
        )

    def advice(self, room: int | None) -> str:
        """What to change so that the run fits into `room` bytes, or, where that is not known, into less."""
        ways: list[str] = []
        here, saving = self.needed(), self.needed(saving=True)
        at_once = here.largest_batch(room, self.device) if room is not None else self.images // 2
        if at_once >= 3:
            ways.append(
                _("--training.micro-batch {images} keeps the batch size and processes that many images at once").format(
                    images=min(at_once, self.images - 1)
                )
            )
            ways.append(_("--batch-size {images} makes the steps smaller").format(images=min(at_once, self.images - 1)))
        if self.training.memory == "plain":
            most = saving.largest_batch(room, self.device) if room is not None else 0
            ways.append(
                _("--memory saving fits up to {images} images at once").format(images=most)
                if most >= 3
                else _("--memory saving needs about {bytes}").format(bytes=size(saving.held(self.device)))
            )
        if not at_once >= 3 and room is not None:
            ways.append(_("a smaller network, or smaller images (--data.size)"))
        return _("Options that fit: {ways}.").format(ways="; ".join(ways))


def at_once(training: TrainingConfig, count: int, world: int) -> int:
    """The most of `count` training images that pass the network at once in one of `world` processes."""
    share = -(-min(training.batch_size, count) // world)
    return max(2, *(int(part.stop - part.start) for part in order.parts(share, training.micro_batch)))


def most_measured(splits: Mapping[str, Ids]) -> int:
    """How many images the larger one of the splits has that a run validates on and measures."""
    return max(len(splits.get(name, ())) for name in ("val", "test"))


def check(request: MemoryRequest) -> str:
    """A sentence on the memory that the run needs. Raises OutOfMemoryError where it clearly does not fit."""
    needed, room = request.needed(), available(request.precision.device)
    total = needed.held(request.device)
    if room is not None and (1 - TOLERANCE) * total > room:
        raise OutOfMemoryError(
            "Steps of {images} images at once need about {needed} of memory, but only {room} are available. {advice}",
            images=needed.images,
            needed=size(total),
            room=size(room),
            advice=request.advice(room),
        )
    main = available(torch.device("cpu"))
    beside = (1 - TOLERANCE) * total if request.device == "cpu" else 0
    if main is not None and beside + request.outputs > main:
        raise OutOfMemoryError(
            "What the network says of {images} validation or test images is kept until it is measured: {outputs}, but "
            "only {room} of memory are available beside a step. Use fewer such images.",
            images=whole(request.measured),
            outputs=size(request.outputs),
            room=size(max(0, int(main - beside))),
        )
    said = _(
        "memory: about {total} ({images} images at once {activations}, weights {weights}, gradients "
        "{gradients}, optimiser {optimizer}, averaged weights {averaged})"
    ).format(
        total=size(total),
        images=needed.images,
        activations=size(needed.activations),
        weights=size(needed.weights),
        gradients=size(needed.gradients),
        optimizer=size(needed.optimizer),
        averaged=size(needed.averaged),
    )
    if request.outputs < _WORTH_SAYING * total:
        return said
    more = _("{outputs} more while {images} images are measured")
    return f"{said}; {more.format(outputs=size(request.outputs), images=whole(request.measured))}"


def on_device(dataset: Dataset, request: MemoryRequest) -> Dataset:
    """`dataset` with its pixels on the GPU where they fit there beside a step; on the CPU as it is."""
    device = request.precision.device
    if device.type == "cpu":
        return dataset
    free = available(device)
    room = None if free is None else free - int((1 + TOLERANCE) * request.needed().held(request.device))
    return replace(dataset, images=resident(dataset.images, device, room))


@contextmanager
def explained(request: MemoryRequest) -> Iterator[None]:
    """While it lasts, memory that runs out is an OutOfMemoryError that says what would fit."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise OutOfMemoryError(
            "Ran out of memory in a step of {images} images at once. {advice}",
            images=request.images,
            advice=request.advice(None),
        ) from error


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory could not be had."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or _FAILED.search(str(error)) is not None


def available(device: torch.device) -> int | None:
    """Bytes that can still be had on `device`; None where the system does not say."""
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    if device.type != "cpu":
        return int(torch.get_device_module(device).mem_get_info(device)[0])
    rooms = [room for room in (_machine(), _cgroup(), _process()) if room is not None]
    return min(rooms) if rooms else None


def _machine() -> int | None:
    return _kilobytes(Path("/proc/meminfo"), "MemAvailable")


def _cgroup() -> int | None:
    """What the control group, a container's limit, leaves; its page cache can be had back."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="utf-8").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="utf-8"))
        cached = re.search(r"^inactive_file (\d+)", (_CGROUP / "memory.stat").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return None if limit == "max" else max(0, int(limit) - used + (int(cached[1]) if cached else 0))


def _process() -> int | None:
    """What `ulimit -v` leaves."""
    limit = system.most_addresses()
    used = _kilobytes(Path("/proc/self/status"), "VmSize")
    if limit is None or used is None:
        return None
    # A limit on addresses, of which a process takes more than it uses.
    return max(0, int(_ADDRESSES * (limit - used)))


def _kilobytes(path: Path, name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
