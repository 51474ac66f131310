"""Weight files that others wrote: safetensors, and torch's own formats without running any code in them.

Only `atalho import` reads them. What is in a file is checked against a network afterwards (`networks.weights`).
"""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from atalho.errors import WeightsError

TORCH_SUFFIXES: Final = (".pth", ".pt", ".th", ".tar")
SUFFIXES: Final = (".safetensors", *TORCH_SUFFIXES)
_ZIP: Final = b"PK\x03\x04"


def read_state_dict(path: Path | str) -> dict[str, Any]:
    """What a weight file holds, on the CPU: names with tensors, or whatever nest its writer put around them.

    Untyped, because a foreign file may hold anything; `networks.weights` looks for the tensors in it.
    torch's formats are read with `weights_only=True` and nothing else: tensors and plain containers, no code.
    Raises WeightsError for any other file, and for a damaged one.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise WeightsError("{path}: file not found", path=path)
    if suffix not in SUFFIXES:
        raise WeightsError(
            "{path}: not a supported weight file; accepted: {suffixes}", path=path, suffixes=" ".join(SUFFIXES)
        )
    contents = _safetensors(path) if suffix == ".safetensors" else _torch(path)
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


def _torch(path: Path) -> object:
    try:
        with path.open("rb") as file:
            zipped = file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise WeightsError("{path}: cannot be read ({reason})", path=path, reason=error.strerror) from error
    if zipped:
        _refuse_compressed(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice to its own developers about odd pickles
            # Files from before torch 1.6 are no zip archives and cannot be mapped into memory.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            "{path}: damaged, or contains more than tensors and plain containers; Atalho never runs code "
            "from files. If you trust it, open it with the program that made it and save only "
            "`network.state_dict()`",
            path=path,
        ) from error
    except Exception as error:  # damaged bytes make a reader fail in any way at all
        raise WeightsError("{path}: damaged, or not a PyTorch weight file", path=path) from error


def _refuse_compressed(path: Path) -> None:
    # torch stores without compression; a compressed archive could unfold to any size.
    try:
        with zipfile.ZipFile(path) as archive:
            compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())
    except Exception as error:  # as above
        raise WeightsError("{path}: damaged, or not a PyTorch weight file", path=path) from error
    if compressed:
        raise WeightsError(
            "{path}: a compressed archive; decompress it first (PyTorch's own files are not compressed)", path=path
        )
