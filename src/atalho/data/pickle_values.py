"""The values in a pickle, without unpickling it: nothing is imported, looked up or called.

The CIFAR batches and PyTorch's weights are published as pickles. The standard library's `pickletools.genops` only
parses the instructions; a small stack machine here carries out those that build numbers, text, lists and dicts. What a
pickle would call stays a `Call`, with its name as a name and never resolved; every other instruction is refused.
"""

import pickletools
from dataclasses import dataclass, field
from typing import IO, Any, Final

from atalho import limits
from atalho.text import Text
from atalho.text.numbers import whole

_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES: Final = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    }
)
_TUPLES: Final = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK: Final = object()
_GLOBAL: Final = "global"
PERSISTENT: Final = "persistent id"
"""The name of the `Call` for what lies outside the pickle, such as the numbers of a tensor."""


@dataclass
class Call:
    """What a pickle would call: the name (module, blank, name), its arguments, and what it would then be given."""

    name: str
    arguments: tuple[Any, ...]
    state: list[Any] = field(default_factory=list)
    items: dict[Any, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """The pickle asks for more than values."""


def read_values(file: IO[bytes]) -> Any:
    """The value of the pickle that begins where `file` stands, and the file at its end.

    Raises RefusedError, and for damaged files whatever a damaged file makes Python raise.
    """
    machine = _Machine()
    for count, (operation, argument, _position) in enumerate(pickletools.genops(file)):
        if count >= limits.PICKLE.values:
            raise too_many()
        machine.step(operation.name, argument)
    return machine.stack.pop()


def too_many() -> RefusedError:
    """The refusal of more values than a pickle may have."""
    return RefusedError(Text("more than {most} values", most=whole(limits.PICKLE.values)))


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
        elif name in ("GLOBAL", "STACK_GLOBAL", "REDUCE", "NEWOBJ", "BUILD", "BINPERSID"):
            self._call(name, argument)
        else:
            self._contain(name)

    def _contain(self, name: str) -> None:
        stack = self.stack
        if name in ("EMPTY_LIST", "EMPTY_SET", "EMPTY_DICT"):
            stack.append({} if name == "EMPTY_DICT" else [])
        elif name in ("TUPLE", "LIST", "DICT", "FROZENSET"):
            values = self._to_mark()
            stack.append(tuple(values) if name == "TUPLE" else _pairs(values) if name == "DICT" else values)
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            values = [stack.pop()] if name == "APPEND" else self._to_mark()
            if not isinstance(stack[-1], Call):
                stack[-1].extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            if name == "SETITEM":
                values = stack[-2:]
                del stack[-2:]
            else:
                values = self._to_mark()
            target = stack[-1].items if isinstance(stack[-1], Call) else stack[-1]
            target.update(_pairs(values))
        else:
            raise RefusedError(Text("instruction {name}", name=name))

    def _call(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name == "BINPERSID":
            stack.append(Call(PERSISTENT, (stack.pop(),)))
        elif name == "BUILD":
            state = stack.pop()
            if isinstance(stack[-1], Call):
                stack[-1].state.append(state)
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, function = stack.pop(), stack.pop()
            if function.name != _GLOBAL:
                raise RefusedError(Text("a call of what another call gives"))
            stack.append(Call(function.arguments[0], arguments))
        else:
            if name == "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                if not (isinstance(attribute, str) and isinstance(module, str)):
                    raise RefusedError(Text("a name that is no text"))
                argument = f"{module} {attribute}"
            stack.append(Call(_GLOBAL, (argument,)))

    def _to_mark(self) -> list[Any]:
        stack = self.stack
        place = len(stack) - 1
        while stack[place] is not _MARK:
            place -= 1
        values = stack[place + 1 :]
        del stack[place:]
        return values


def _pairs(values: list[Any]) -> dict[Any, Any]:
    # No tuple: to hash one that holds another many times over would never end. A class stands for its name.
    keys = [f"{key.arguments[0]}" if isinstance(key, Call) and key.name == _GLOBAL else key for key in values[::2]]
    if not all(isinstance(key, (str, bytes, int, float, type(None))) for key in keys):
        raise RefusedError(Text("a key that is neither text nor number"))
    return dict(zip(keys, values[1::2], strict=True))
