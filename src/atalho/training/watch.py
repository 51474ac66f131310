"""What training watches for: numbers that are not finite, and signals that ask it to stop."""

import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType

import torch
from torch import Tensor, nn

from atalho.errors import NotFiniteError
from atalho.locale import _

_SHOWN = 8


def check_finite(loss: Tensor, network: nn.Module, step: int, names: Sequence[str]) -> None:
    """Raise NotFiniteError, before the update, where the loss or any gradient is not finite.

    The message names the step, the first bad layer in the order of the forward pass, and the batch's files.
    """
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    total = torch.nn.utils.get_total_norm([loss.detach().reshape(1), *gradients])
    if torch.isfinite(total):
        return
    bad = (
        name
        for name, parameter in network.named_parameters()
        for tensor in (parameter, parameter.grad)
        if tensor is not None and not torch.isfinite(tensor).all()
    )
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise NotFiniteError(
        _(
            "Step {step}: the loss is {loss:g} and the numbers are not finite, first in {layer}. Nothing was updated. "
            "The batch was: {files}. Try a lower --training.lr, or --training.precision fp32."
        ).format(step=step, loss=loss.item(), layer=next(bad, _("the loss")), files=shown)
    )


class StopSignals:
    """While entered: the first SIGTERM or SIGINT is remembered in `received`, the second ends the process at once."""

    def __init__(self) -> None:
        self.received: int | None = None
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

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = number
