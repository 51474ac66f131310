"""Which device and which numbers, how images lie in memory, and why.

A GPU that multiplies bf16 gains by it. A CPU that does may lose, and by how much is not known before it was measured
(`runs/speed.py`), so fp32 is what it computes with otherwise.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from atalho.errors import ConfigError
from atalho.text import _

Accelerator = Literal["cuda", "mps", "xpu"]
"""What `training.device` names besides the CPU, by PyTorch's names; GPUs of AMD are `cuda` too."""
LayoutName = Literal["channels-last", "contiguous"]
_FORMATS: Final = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}

_VARIABLE: Final = "ATALHO_DEVICE"

Numbers = Literal["fp32", "bf16"]
"""The type of the products of a network."""


@dataclass(frozen=True)
class Precision:
    """A device, the type of the products in the forward and backward pass, and the reason for it.

    `layout` is that of images and weights in memory.
    """

    device: torch.device
    dtype: torch.dtype
    reason: str
    layout: LayoutName = "channels-last"

    @property
    def numbers(self) -> Numbers:
        """`dtype` in a word."""
        return "bf16" if self.dtype == torch.bfloat16 else "fp32"

    def autocast(self) -> AbstractContextManager[object]:
        """Products in `dtype`; sums, norms' statistics and parameters stay fp32."""
        if self.dtype == torch.float32:
            return _whole_fp32()
        return torch.autocast(self.device.type, self.dtype)

    def arranged(self, images: Tensor) -> Tensor:
        """`images` (N,C,H,W), which lie channels last, as they lie in `layout`."""
        # Not `contiguous`, to which images of one channel already are, although their strides say otherwise.
        return images if self.layout == "channels-last" else images.clone(memory_format=torch.contiguous_format)

    def __str__(self) -> str:
        return f"{self.device.type} {self.numbers} ({self.reason})"


def format_of(layout: Literal["auto"] | LayoutName) -> torch.memory_format:
    """PyTorch's name of a layout; `auto` is channels last where nothing was measured."""
    return torch.channels_last if layout == "auto" else _FORMATS[layout]


def choose(device: Literal["auto", "cpu"] | Accelerator, precision: Literal["auto", "bf16", "fp32"]) -> Precision:
    """The precision for this machine, of a CPU without measuring.

    $ATALHO_DEVICE says what "auto" is, also where there is no setting for it, as in experiments. Raises ConfigError
    where a device is asked for that is not there.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise ConfigError("precision = {given!r}: expected fp32 or bf16.", given=precision)
    found = accelerator()
    asked = (os.environ.get(_VARIABLE) or device) if device == "auto" else device
    if asked not in ("auto", "cpu", found):
        raise ConfigError(
            "{name} = {given!r}, but PyTorch finds no such device here. Use auto, or one of: {there}.",
            name="training.device" if device == asked else _VARIABLE,
            given=asked,
            there=", ".join(["cpu", *([found] if found else [])]),
        )
    kind = torch.device("cpu" if asked == "cpu" or found is None else found)
    if precision != "auto":
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        return Precision(kind, dtype, _("as requested"))
    if kind.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Precision(kind, torch.bfloat16, accelerator_name("cuda"))
        return Precision(kind, torch.float32, _("this GPU does not support bf16"))
    if kind.type != "cpu":
        return Precision(kind, torch.float32, _("bf16 is not tested on {device}").format(device=kind.type))
    return Precision(kind, torch.float32, _("the same on every CPU"))


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bf16 at all; how fast, only a measurement says."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


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
