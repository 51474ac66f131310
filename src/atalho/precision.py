"""Which device and which numbers: bf16 where the hardware multiplies it, fp32 elsewhere, and why."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from atalho.errors import ConfigError
from atalho.text import _

Accelerator = Literal["cuda", "mps", "xpu"]
"""What `training.device` names besides the CPU, by PyTorch's names; GPUs of AMD are `cuda` too."""

Numbers = Literal["fp32", "bf16"]
"""The type of the products of a network."""


@dataclass(frozen=True)
class Precision:
    """A device, the type of the products in the forward and backward pass, and the reason for it."""

    device: torch.device
    dtype: torch.dtype
    reason: str

    @property
    def numbers(self) -> Numbers:
        """`dtype` in a word."""
        return "bf16" if self.dtype == torch.bfloat16 else "fp32"

    def autocast(self) -> AbstractContextManager[object]:
        """Products in `dtype`; sums, norms' statistics and parameters stay fp32."""
        if self.dtype == torch.float32:
            return _whole_fp32()
        return torch.autocast(self.device.type, self.dtype)

    def __str__(self) -> str:
        return f"{self.device.type} {self.numbers} ({self.reason})"


def choose(device: Literal["auto", "cpu"] | Accelerator, precision: Literal["auto", "bf16", "fp32"]) -> Precision:
    """The precision for this machine. Raises ConfigError where a device is asked for that is not there."""
    if precision not in ("auto", "bf16", "fp32"):
        raise ConfigError("precision = {given!r}: expected fp32 or bf16.", given=precision)
    found = accelerator()
    if device not in ("auto", "cpu", found):
        raise ConfigError(
            "training.device = {given!r}, but PyTorch finds no such device here. Use auto, or one of: {there}.",
            given=device,
            there=", ".join(["cpu", *([found] if found else [])]),
        )
    kind = torch.device("cpu" if device == "cpu" or found is None else found)
    if precision != "auto":
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        return Precision(kind, dtype, _("as requested"))
    if kind.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Precision(kind, torch.bfloat16, accelerator_name("cuda"))
        return Precision(kind, torch.float32, _("this GPU does not support bf16"))
    if kind.type != "cpu":
        return Precision(kind, torch.float32, _("bf16 is not tested on {device}").format(device=kind.type))
    capabilities = torch.cpu.get_capabilities()
    for name, label in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
        if capabilities.get(name):
            return Precision(kind, torch.bfloat16, label)
    return Precision(kind, torch.float32, _("this CPU does not support bf16"))


def accelerator() -> Accelerator | None:
    """The kind of GPU that PyTorch finds here, of those that Atalho knows."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return next((known for known in get_args(Accelerator) if found is not None and known == found.type), None)


def accelerator_name(kind: Accelerator) -> str:
    """What its maker calls the GPU."""
    if kind == "mps":
        return "Apple MPS"
    return str(torch.get_device_module(kind).get_device_name())


@contextmanager
def _whole_fp32() -> Iterator[None]:
    """While it lasts, convolutions on CUDA keep the bits that they would leave out, as TF32, of fp32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with `count` CPU threads while entered (as before where None), because results depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
