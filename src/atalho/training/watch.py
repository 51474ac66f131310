"""What training watches for: numbers that are not finite, and signals that ask it to stop."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType

import torch
from torch import Tensor, nn

from atalho.errors import NotFiniteError
from atalho.precision import Precision
from atalho.text import Text, _

_SHOWN = 8


def check_finite(
    loss: Tensor, network: nn.Module, images: Tensor, precision: Precision, step: int, names: Sequence[str]
) -> None:
    """Raise NotFiniteError, before the update, where the loss or any gradient is not finite.

    The message names the step, where the numbers first went wrong, and the files of the batch.
    """
    # A sum is not finite where one number is not, and takes less time than a norm.
    sums = [parameter.grad.sum() for parameter in network.parameters() if parameter.grad is not None]
    if torch.isfinite(torch.stack([loss.detach(), *sums])).all():
        return
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise NotFiniteError(
        Text(
            "Step {step}: the loss is {loss:g} and the numbers are not finite, first in {place}. "
            "No weight was updated. The batch was: {files}. Try a lower --training.lr, or --training.precision fp32.",
            step=step,
            loss=loss.item(),
            place=_first_bad(network, images, precision),
            files=shown,
        )
    )


def _first_bad(network: nn.Module, images: Tensor, precision: Precision) -> str:
    """Where numbers first stop being finite: among the images, the weights, the forward pass, then the backward one."""
    if not torch.isfinite(images).all():
        return _("the images")
    for name, tensor in network.state_dict().items():
        if not torch.isfinite(tensor).all():
            return name
    found: list[str] = []

    def look(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            if not torch.isfinite(output).all():
                found.append(name)

        return hook

    hooks = [m.register_forward_hook(look(name)) for name, m in network.named_modules() if not any(m.children())]
    with torch.no_grad(), precision.autocast():
        network(images)
    for handle in hooks:
        handle.remove()
    # Gradients flow from the loss back to the images: the last bad layer of the forward order was the first to go.
    backward = [n for n, p in network.named_parameters() if p.grad is not None and not torch.isfinite(p.grad).all()]
    return next(iter([*found, *reversed(backward)]), _("the loss"))


class StopSignals:
    """While entered: the first SIGTERM or SIGINT is remembered in `received`, the second ends the process at once.

    One that came too late to be looked at goes to whoever handled it before.
    Within `echo` seconds of the first a second one is taken for the same: a scheduler that signals every process of
    a job reaches this one directly and through the launcher, which passes on what it receives.
    """

    def __init__(self, echo: float = 0.0) -> None:
        self.received: int | None = None
        self._echo = echo
        self._since = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        # Python delivers signals to the main thread only; elsewhere whoever owns that thread handles them.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if kind is None and self.received is not None:
            signal.raise_signal(self.received)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._since = number, now
        elif now - self._since >= self._echo:
            os._exit(128 + number)
