"""Which device and which numbers: bf16 where the hardware multiplies it, fp32 elsewhere, and why."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

from atalho.errors import ConfigError
from atalho.text import _


@dataclass(frozen=True)
class Precision:
    """A device, the type of the products in the forward and backward pass, and the reason for it."""

    device: torch.device
    dtype: torch.dtype
    reason: str

    def autocast(self) -> AbstractContextManager[object]:
        """Products in `dtype`; sums, norms' statistics and parameters stay fp32."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def __str__(self) -> str:
        return f"{self.device.type} {'bf16' if self.dtype == torch.bfloat16 else 'fp32'} ({self.reason})"


def choose(device: Literal["auto", "cpu", "cuda"], precision: Literal["auto", "bf16", "fp32"]) -> Precision:
    """The precision for this machine. Raises ConfigError where cuda is asked for and is not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device = 'cuda', but PyTorch finds no CUDA GPU here. Use auto or cpu.")
    kind = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    if precision != "auto":
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        return Precision(kind, dtype, _("as requested"))
    if kind.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Precision(kind, torch.bfloat16, torch.cuda.get_device_name())
        return Precision(kind, torch.float32, _("this GPU does not support bf16"))
    capabilities = torch.cpu.get_capabilities()
    for name, label in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
        if capabilities.get(name):
            return Precision(kind, torch.bfloat16, label)
    return Precision(kind, torch.float32, _("this CPU does not support bf16"))


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with `count` CPU threads while entered (as before where None), because results depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
