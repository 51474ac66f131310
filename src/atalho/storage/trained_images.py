"""Which images a network has trained on, known by their content: a file beside its weights and in its run.

`trained_on.bin` holds a hash of each image's content, 8 bytes each, sorted and each once. It says nothing else of
them, and lets every later figure say how many of its images were not new to the network.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.errors import RunError
from atalho.storage.run_folder import TRAINED_ON

Contents = NDArray[np.uint64]
"""(N,) a number for the content of each image."""


def contents(digests: NDArray[np.uint8]) -> Contents:
    """The numbers for images with the `digests` (N, 16): their first 8 bytes."""
    return np.ascontiguousarray(digests[:, :8]).view("<u8").ravel()


def read(folder: Path) -> Contents:
    """What a run or model folder says; empty where it says nothing. Raises RunError for a damaged file."""
    path = folder / TRAINED_ON
    try:
        content = limits.read(path, limits.ARRAYS)
    except FileNotFoundError:
        return np.empty(0, np.uint64)
    except (OSError, ValueError) as error:
        raise RunError("Cannot read {path}: {reason}", path=path, reason=error) from error
    if len(content) % 8:
        raise RunError("{path} is damaged: it must hold 8 bytes for each image.", path=path)
    return np.frombuffer(content, "<u8")


def file_content(*several: Contents) -> bytes:
    """What the file holds of all `several` together."""
    return np.unique(np.concatenate(several)).astype("<u8").tobytes()
