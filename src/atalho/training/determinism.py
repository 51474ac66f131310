"""Equal runs end with equal bytes on a GPU too: PyTorch's deterministic algorithms, for as long as a run computes.

On the CPU its operations have one order anyway, and nothing here changes anything.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch

from atalho.text import _

_WORKSPACE: Final = "CUBLAS_WORKSPACE_CONFIG"
_MISSING: Final = " does not have a deterministic implementation"


@contextmanager
def deterministic(device: torch.device, wanted: bool, note: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, operations on `device` are deterministic where `wanted`. `note` hears of each that cannot be.

    What it changes belongs to the process, and is as before when it ends.
    """
    if device.type == "cpu":
        yield
        return
    if not wanted:
        note(_("training.deterministic is off: an equal run may end with other bytes"))
        yield
        return
    if device.type != "cuda":
        note(
            _("PyTorch promises no equal results on {device}: an equal run may end with other bytes").format(
                device=device.type
            )
        )
    with _switched_on(), _told(note):
        yield


@contextmanager
def _switched_on() -> Iterator[None]:
    cudnn = torch.backends.cudnn
    filling: Any = torch.utils.deterministic  # a module that adds its attribute at run time
    mode, workspace = torch.get_deterministic_debug_mode(), os.environ.get(_WORKSPACE)
    before = cudnn.deterministic, cudnn.benchmark, filling.fill_uninitialized_memory
    # cuBLAS reads this when it is first used.
    os.environ.setdefault(_WORKSPACE, ":4096:8")
    # An operation that has no deterministic form is told of and not refused.
    torch.set_deterministic_debug_mode("warn")
    # To fill what is about to be written would cost time and protect nothing here.
    cudnn.deterministic, cudnn.benchmark, filling.fill_uninitialized_memory = True, False, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, filling.fill_uninitialized_memory = before
        torch.set_deterministic_debug_mode(mode)
        if workspace is None:
            del os.environ[_WORKSPACE]


@contextmanager
def _told(note: Callable[[str], None]) -> Iterator[None]:
    """Hand what PyTorch warns of an operation without a deterministic form to `note`, once for each operation."""
    known: set[str] = set()

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=f".*{_MISSING}")
        show = warnings.showwarning

        def tell(message: Warning | str, *rest: object) -> None:
            operation, found, _rest = str(message).partition(_MISSING)
            if not found:
                show(message, *rest)  # type: ignore[arg-type]
            elif operation not in known:
                known.add(operation)
                text = _("{operation} has no deterministic form here: an equal run may end with other bytes")
                note(text.format(operation=operation))

        warnings.showwarning = tell  # type: ignore[assignment]
        yield
