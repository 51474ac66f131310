"""How much memory a training step needs, found without allocating it.

One forward and one backward pass run on torch's meta device, which knows shapes and types only, and every storage is
counted from its making to its end. That sees what is kept for the backward pass, what comes and goes meanwhile, and
what recomputation saves. What the kernels use inside themselves is not seen.
"""

import weakref
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from atalho.config import OptimizerName
from atalho.networks.build import build
from atalho.networks.checkpointing import RecomputingNetwork
from atalho.networks.spec import Spec

KERNELS: Final = 170 * 2**20
"""Bytes that the libraries' code, compiled kernels and their work space take, whatever the network; measured."""

HELD: Final = {"cpu": 1.5, "cuda": 1.15, "mps": 1.15, "xpu": 1.15}
"""Bytes that the allocator holds for each byte in use, because tensors that come and go leave holes. On the CPU it was
1.35 to 1.65 in six measured trainings with the settings of the command line; on mps and xpu it was not measured."""


@dataclass(frozen=True)
class StepMemory:
    """Bytes that training needs besides what the process has already: each part, for steps over `images` images."""

    images: int
    weights: int
    """Parameters and statistics, and in bf16 the copies of the parameters that the products take."""
    gradients: int
    optimizer: int
    """One number for each parameter with SGD's momentum, two with Adam."""
    averaged: int
    activations: int
    """The most that a step holds of feature maps and their gradients at one moment."""

    @property
    def fixed(self) -> int:
        """What does not depend on the number of images."""
        return self.weights + self.gradients + self.optimizer + self.averaged + KERNELS

    @property
    def used(self) -> int:
        """All of it."""
        return self.fixed + self.activations

    def held(self, device: str) -> int:
        """What the process takes from a machine ("cpu") or GPU for it."""
        return int(HELD[device] * self.used)

    def largest_batch(self, available: int, device: str) -> int:
        """How many images at once would need `available` bytes or less; 0 where the network alone needs more."""
        return max(0, int(available / HELD[device]) - self.fixed) * self.images // max(1, self.activations)


def step_memory(
    spec: Spec,
    size: int,
    images: int,
    *,
    bf16: bool,
    saving: bool = False,
    averaged: bool = True,
    optimizer: OptimizerName = "sgd",
) -> StepMemory:
    """The memory of a training step of `spec` over `images` (two or more) images of `size` pixels at once.

    `saving` is with recomputation (`networks.checkpointing`), `averaged` with a second copy of the weights.
    """
    with torch.device("meta"):
        network = build(spec).to(memory_format=torch.channels_last)
        # Autocast knows no meta device: layers of the type that it would choose stand in for it.
        network.to(torch.bfloat16 if bf16 else torch.float32)
        pixels = torch.empty(images, spec.in_channels, size, size, dtype=torch.bfloat16 if bf16 else torch.float32)
        pixels = pixels.to(memory_format=torch.channels_last)
        labels = torch.zeros(images, dtype=torch.long)
    for parameter in filter(lambda parameter: parameter.requires_grad, network.parameters()):
        # Their gradients are counted apart.
        parameter.register_post_accumulate_grad_hook(_forget)  # type: ignore[no-untyped-call]
    run = RecomputingNetwork(network) if saving else network
    with _Living() as living:
        F.cross_entropy(run(pixels).float(), labels).backward()  # type: ignore[no-untyped-call]
    numbers = sum(parameter.numel() for parameter in network.parameters())
    statistics = sum(buffer.numel() for buffer in network.buffers())
    # The batch itself, in fp32 as it is made and in bf16 where the first layer takes that.
    batch = pixels.numel() * (4 + (2 if bf16 else 0))
    return StepMemory(
        images,
        weights=4 * (numbers + statistics) + (2 * numbers if bf16 else 0),
        gradients=4 * numbers,
        optimizer=4 * numbers * (2 if optimizer == "adam" else 1),
        averaged=4 * (numbers + statistics) if averaged else 0,
        activations=living.most + batch,
    )


def _forget(parameter: Tensor) -> None:
    parameter.grad = None


def _storages(values: Any) -> list[Any]:
    return [value.untyped_storage() for value in tree_leaves(values) if isinstance(value, Tensor)]


class _Living(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While entered: the bytes of all storages that were made meanwhile and still live, and the most of them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = self._now = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        taken = {storage._cdata for storage in _storages((args, kwargs))}
        for storage in _storages(out):
            self._count(storage, taken)
        self.most = max(self.most, self._now)
        return out

    def _count(self, storage: Any, taken: set[int]) -> None:
        key, size = storage._cdata, storage.nbytes()
        # A view of something that was there before is nothing new.
        if key not in self._known and key not in taken:
            self._known.add(key)
            self._now += size
            weakref.finalize(storage, self._end, key, size)

    def _end(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._now -= size
