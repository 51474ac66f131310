"""What a caller gives a public function, checked against its annotations before anything else is done with it."""

import inspect
import numbers
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from atalho import other_tools
from atalho.errors import ConfigError
from atalho.text import N_, Text

_WORDS: Final[dict[Any, str]] = {
    bool: N_("True or False"),
    int: N_("a whole number"),
    float: N_("a number"),
    str: N_("a text"),
    NoneType: N_("None"),
}
_PLACED: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_LONGEST: Final = 40
"""Characters of a value that a message repeats; of a longer one it names the type."""


@cache
def checked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`function`, called only with values of the types that it declares; it raises ConfigError for others.

    So is a name that the function does not have, with ours where other tools have it, and one that is missing. What no
    annotation of Python's own types decides is left to the function.
    """
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        if not hints:
            hints.update(get_type_hints(function, include_extras=True))
        try:
            bound = signature.bind(*given, **named).arguments
        except TypeError:
            raise _unfit(signature, name, given, named) from None
        for parameter, value in bound.items():
            kind = signature.parameters[parameter].kind
            if parameter in hints and kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
                _refuse(parameter, value, hints[parameter])
        return function(*given, **named)

    # As the caller wrote it, so that it can be pickled by its name.
    call.__module__, call.__qualname__ = "atalho", name
    return call


def _unfit(signature: inspect.Signature, function: str, given: Sequence[Any], named: Mapping[str, Any]) -> ConfigError:
    """Why a function cannot be called with what was `given` by its place and `named`."""
    parameters = signature.parameters
    placed = [name for name, parameter in parameters.items() if parameter.kind in _PLACED]
    required = [name for name in parameters if parameters[name].default is inspect.Parameter.empty]
    if unknown := next((name for name in named if name not in parameters), None):
        close = other_tools.instead(unknown, (), parameters)
        if other_tools.is_device(unknown):
            close = Text("Set the environment variable ATALHO_DEVICE instead, such as to cpu or cuda.")
        about = Text("{function}: unknown argument {name}.", function=function, name=unknown)
        return ConfigError(Text.joined(about, close))
    if len(given) > len(placed):
        return ConfigError(
            "{function}: {count} arguments without a name, but only {names} may be given so. Name the others.",
            function=function,
            count=len(given),
            names=", ".join(placed),
        )
    if twice := next((name for name in placed[: len(given)] if name in named), None):
        return ConfigError("{function}: {name} was given twice. Give it once.", function=function, name=twice)
    missing = next(name for name in required if name not in {*placed[: len(given)], *named})
    return ConfigError("{function}: {name} is missing: a value is required.", function=function, name=missing)


def _refuse(parameter: str, value: Any, hint: Any) -> None:
    kinds = list(_kinds(hint))
    if any(_fits(value, kind) for kind in kinds):
        return
    words = list(dict.fromkeys(str(word) for kind in kinds for word in _words(kind)))
    shown = repr(value) if isinstance(value, str | int | float) else ""
    given = shown if 0 < len(shown) <= _LONGEST else type(value).__name__
    raise ConfigError("{name}: expected {kinds}, not {given}.", name=parameter, kinds=", ".join(words), given=given)


def _kinds(hint: Any) -> Iterator[Any]:
    """The types that an annotation allows."""
    origin = get_origin(hint)
    if origin is Annotated:
        yield from _kinds(get_args(hint)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(hint):
            yield from _kinds(inner)
    else:
        yield hint


def _fits(value: Any, kind: Any) -> bool:
    """Whether `value` may be of the type `kind`; True where that cannot be told."""
    origin = get_origin(kind)
    if origin is Literal:
        return any(value == accepted and type(value) is type(accepted) for accepted in get_args(kind))
    if kind is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool)
    plain = origin or kind
    if not isinstance(plain, type):
        return True
    if issubclass(plain, os.PathLike):
        return isinstance(value, os.PathLike)  # also what a verb returned, such as an imported model
    try:
        return isinstance(value, plain)
    except TypeError:  # a protocol that cannot be asked
        return True


def _words(kind: Any) -> Iterator[object]:
    """What a type is called in a message."""
    if get_origin(kind) is Literal:
        yield from map(repr, get_args(kind))
        return
    plain = get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, os.PathLike):
        yield Text("a path")
    elif isinstance(plain, type) and issubclass(plain, Mapping):
        yield Text("a dictionary")
    elif plain in _WORDS:
        yield Text(_WORDS[plain])
    elif isinstance(plain, type) and plain.__module__ == "collections.abc":
        yield Text("a list")
    else:
        yield getattr(plain, "__name__", str(plain))
