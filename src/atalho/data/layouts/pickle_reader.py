"""Reads the plain values of a pickle file without unpickling it: nothing is imported, looked up or called.

The CIFAR batches are published as pickles. The standard library's `pickletools.genops` only parses the instructions;
a small stack machine here carries out those that build numbers, text, lists, dicts and byte arrays of NumPy, and
refuses every other. A global name is kept as a name and never resolved.
"""

import io
import pickletools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho import limits
from atalho.errors import DataError
from atalho.text import Text
from atalho.text.numbers import whole

_ARRAY_MAKERS: Final = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_BYTES_MAKER: Final = "_codecs encode"  # how Python 3 writes bytes for Python 2
_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES: Final = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    }
)
_TUPLES: Final = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK: Final = object()


@dataclass
class _Call:
    """What a pickle would call: the name, its arguments and the state that it would set."""

    name: str
    arguments: tuple[Any, ...]
    state: list[Any] = field(default_factory=list)


class _RefusedError(Exception):
    """The pickle asks for more than plain values."""


def read_pickle(path: Path) -> object:
    """The value in `path`, its NumPy byte arrays read-only. DataError where it needs anything but plain values."""
    try:
        machine = _Machine()
        steps = pickletools.genops(io.BytesIO(limits.read(path, limits.PICKLE)))
        for count, (operation, argument, _position) in enumerate(steps):
            if count >= limits.PICKLE.values:
                raise _too_many()
            machine.step(operation.name, argument)
        return _Plain().of(machine.stack.pop())
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        _RefusedError,
        RecursionError,
    ) as error:
        text = Text("Cannot read {path} as plain values (its code is never run): {reason}")
        raise DataError(text.format(path=path, reason=error)) from error


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self.memo[argument])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _TUPLES:
            count = _TUPLES[name]
            values = tuple(stack[len(stack) - count :])
            del stack[len(stack) - count :]
            stack.append(values)
        elif name in ("PROTO", "FRAME", "STOP"):
            pass
        else:
            self._build(name, argument)

    def _build(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in ("EMPTY_LIST", "EMPTY_DICT"):
            stack.append([] if name == "EMPTY_LIST" else {})
        elif name in ("TUPLE", "LIST", "DICT"):
            values = self._to_mark()
            stack.append(tuple(values) if name == "TUPLE" else values if name == "LIST" else _pairs(values))
        elif name in ("APPEND", "APPENDS"):
            values = [stack.pop()] if name == "APPEND" else self._to_mark()
            stack[-1].extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            if name == "SETITEM":
                values = stack[-2:]
                del stack[-2:]
            else:
                values = self._to_mark()
            stack[-1].update(_pairs(values))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            if name == "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                if not (isinstance(attribute, str) and isinstance(module, str)):
                    raise _RefusedError(Text("a name that is no text"))
                argument = f"{module} {attribute}"
            stack.append(_Call("global", (argument,)))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_Call(function.arguments[0], arguments))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].state.append(state)
        else:
            raise _RefusedError(Text("instruction {name}", name=name))

    def _to_mark(self) -> list[Any]:
        stack = self.stack
        place = len(stack) - 1
        while stack[place] is not _MARK:
            place -= 1
        values = stack[place + 1 :]
        del stack[place:]
        return values


def _pairs(values: list[Any]) -> dict[Any, Any]:
    # No tuple: to hash one that holds another many times over would never end.
    if not all(isinstance(key, (str, bytes, int, float, type(None))) for key in values[::2]):
        raise _RefusedError(Text("a key that is neither text nor number"))
    return dict(zip(values[::2], values[1::2], strict=True))


class _Plain:
    """Values without what a pickle would call. A list that is held in many places counts in each of them."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any) -> Any:
        if isinstance(value, _Call):
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
            raise _too_many()


def _too_many() -> _RefusedError:
    return _RefusedError(Text("more than {most} values", most=whole(limits.PICKLE.values)))


def _array(call: _Call) -> NDArray[np.uint8]:
    if call.name not in _ARRAY_MAKERS or len(call.state) != 1:
        raise _RefusedError(call.name)
    _version, shape, kind, fortran, values = call.state[0]
    if not isinstance(kind, _Call) or kind.name != "numpy dtype" or kind.arguments[0] != "u1" or fortran:
        raise _RefusedError(Text("an array that is not of unsigned bytes"))
    if isinstance(values, _Call) and values.name == _BYTES_MAKER:
        values = values.arguments[0]
    stored = values.encode("latin-1") if isinstance(values, str) else values
    return np.frombuffer(stored, dtype=np.uint8).reshape(shape)
