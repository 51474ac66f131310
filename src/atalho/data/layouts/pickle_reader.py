"""Reads the plain values of a CIFAR batch, which is a pickle file, without unpickling it (`data/pickle_values.py`)."""

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.data.pickle_values import Call, RefusedError, read_values, too_many
from atalho.errors import DataError
from atalho.text import Text

_ARRAY_MAKERS: Final = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_BYTES_MAKER: Final = "_codecs encode"  # how Python 3 writes bytes for Python 2


def read_pickle(path: Path) -> object:
    """The value in `path`, its NumPy byte arrays read-only. DataError where it needs anything but plain values."""
    try:
        return _Plain().of(read_values(io.BytesIO(limits.read(path, limits.PICKLE))))
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RefusedError,
        RecursionError,
    ) as error:
        text = Text("Cannot read {path} as plain values (its code is never run): {reason}")
        raise DataError(text.format(path=path, reason=error)) from error


class _Plain:
    """Values without what a pickle would call. A list that is held in many places counts in each of them."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any) -> Any:
        if isinstance(value, Call):
            return _array(value)
        if isinstance(value, dict):
            self._add(len(value))
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            self._add(len(value))
            return [self.of(item) for item in value] if isinstance(value, list) else value
        return value

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > limits.PICKLE.values:
            raise too_many()


def _array(call: Call) -> NDArray[np.uint8]:
    if call.name not in _ARRAY_MAKERS or len(call.state) != 1:
        raise RefusedError(call.name)
    _version, shape, kind, fortran, values = call.state[0]
    if not isinstance(kind, Call) or kind.name != "numpy dtype" or kind.arguments[0] != "u1" or fortran:
        raise RefusedError(Text("an array that is not of unsigned bytes"))
    if isinstance(values, Call) and values.name == _BYTES_MAKER:
        values = values.arguments[0]
    stored = values.encode("latin-1") if isinstance(values, str) else values
    return np.frombuffer(stored, dtype=np.uint8).reshape(shape)
