"""Weight files that others wrote: safetensors, and torch's own formats without running any code in them.

Only `atalho import` reads them. What a file is, its first bytes say, whatever it is called. What is in it is checked
against a network afterwards (`networks.weights`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from atalho import limits
from atalho.data.decoding.reasons import other_file
from atalho.errors import WeightsError
from atalho.storage import torch_file
from atalho.storage.torch_file import Inert

_LOOKED_AT: Final = 512
_PICKLES: Final = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# What people keep weights in that is neither safetensors nor torch's: place, bytes there, its name.
_OTHERS: Final = ((0, b"\x89HDF", "HDF5"), (257, b"ustar", "tar"))


def read_state_dict(path: Path | str) -> dict[str, Any]:
    """What a weight file holds, on the CPU: names with tensors, or whatever nest its writer put around them.

    Untyped, because a foreign file may hold anything; `networks.weights` looks for the tensors in it.
    Raises WeightsError for any other file, and for a damaged one.
    """
    path = Path(path)
    try:
        with limits.open_regular(path, limits.TENSORS) as file:
            start = file.read(_LOOKED_AT)
    except FileNotFoundError:
        raise WeightsError("{path}: file not found", path=path) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise WeightsError("{path}: cannot be read ({reason})", path=path, reason=reason) from error
    if start.startswith((torch_file.ZIP, *_PICKLES)):
        contents = torch_file.read(path)
    elif start[8:9] == b"{":
        contents = _safetensors(path)
    else:
        raise _no_weights(path, start)
    if isinstance(contents, Inert):
        raise WeightsError(
            "{path}: a network saved whole, as an object of {kind}, whose code never runs here. Open it with the "
            "program that made it and save only `network.state_dict()`",
            path=path,
            kind=contents.name,
        )
    if not isinstance(contents, Mapping):
        raise WeightsError(
            "{path}: contains a {kind}, not tensors by name; save `network.state_dict()`",
            path=path,
            kind=type(contents).__name__,
        )
    return dict(contents)


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path))
    except (SafetensorError, ValueError, OSError) as error:
        raise WeightsError("{path}: damaged, or not a safetensors file ({reason})", path=path, reason=error) from error


def _no_weights(path: Path, start: bytes) -> WeightsError:
    what = other_file(start) or next((name for at, sign, name in _OTHERS if start[at : at + len(sign)] == sign), None)
    if what is not None:
        return WeightsError("{path}: not weights: this is {what}", path=path, what=what)
    return WeightsError(
        "{path}: not a supported weight file, or damaged; accepted: safetensors, and what torch.save writes", path=path
    )
