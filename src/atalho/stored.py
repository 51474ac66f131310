"""Typed values as JSON holds them, and back, by the annotations of their fields.

A field of a dataclass is a key, without the underscore that keeps a name apart from Python's own words (`class_`). One
whose default is None is absent where there is nothing. The keys of a `Flat` field stand among those of the value that
holds it. An `Unstored` field is known to Python alone, and one that a dataclass computes itself is not read. Types that
are written in another way say so with `own_form`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from atalho.json_values import JsonObject, JsonValue
from atalho.text import Text

_FLAT: Final = "flat"
_UNSTORED: Final = "unstored"
T = TypeVar("T")
Flat: TypeAlias = Annotated[T, _FLAT]
Unstored: TypeAlias = Annotated[T, _UNSTORED]

_OWN: Final[dict[Any, tuple[Callable[[Any], JsonValue], Callable[[Any], Any]]]] = {}
"""Type → how it is written and read."""


def own_form(kind: Any, write: Callable[[Any], JsonValue], read: Callable[[Any], Any]) -> None:
    """Write and read values of the type `kind` with these, wherever they stand."""
    _OWN[kind] = write, read


own_form(Text, Text.to_json, Text.from_json)


def to_json(value: Any) -> Any:
    """`value` as JSON holds it."""
    for kind, (write, _read) in _OWN.items():
        if isinstance(value, kind):
            return write(value)
    if is_dataclass(value) and not isinstance(value, type):
        return to_object(value)
    if isinstance(value, Mapping):
        return {name: to_json(inner) for name, inner in value.items()}
    return [to_json(inner) for inner in value] if isinstance(value, tuple | list) else value


def to_object(value: Any) -> JsonObject:
    """A dataclass as an object of JSON."""
    found: JsonObject = {}
    for field, _kind, mark in stored_fields(type(value)):
        inner = getattr(value, field.name)
        if inner is None and field.default is None:
            continue
        found |= to_object(inner) if is_flat(mark) else {key_of(field): to_json(inner)}
    return found


def from_json(kind: Any, plain: Any) -> Any:
    """The value of type `kind` that `to_json` wrote.

    Raises KeyError, TypeError, ConfigError, or for a tuple of another length ValueError, for anything else.
    """
    if kind is Any:
        return plain
    if kind in _OWN:
        return _OWN[kind][1](plain)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if plain is None and NoneType in inner:
            return None
        if isinstance(plain, str) and str in inner:
            return plain
        return from_json(next(one for one in inner if one is not NoneType), plain)
    if origin is tuple:
        _expect(plain, list, kind)
        kinds = [inner[0]] * len(plain) if inner[-1] is ... else inner
        return tuple(from_json(one, part) for one, part in zip(kinds, plain, strict=True))
    if origin is dict:
        _expect(plain, dict, kind)
        return {name: from_json(inner[1], part) for name, part in plain.items()}
    if origin is Literal:
        return _one_of(inner, plain, kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return filled(kind, _expect(plain, dict, kind))
    return _expect(plain, int | float if kind is float else kind, kind)


def filled(kind: type[T], plain: Mapping[str, Any], **unstored: Any) -> T:
    """The dataclass whose keys are in `plain`, with the values of its fields that are not stored."""
    values = dict(unstored)
    for field, hint, mark in stored_fields(kind):
        if not field.init:
            continue
        if is_flat(mark):
            whole = next((one for one in get_args(hint) if one is not NoneType), hint)
            if field.default is not None or any(key_of(one) in plain for one, _kind, _mark in stored_fields(whole)):
                values[field.name] = from_json(whole, plain)
        elif key_of(field) in plain:
            values[field.name] = from_json(hint, plain[key_of(field)])
        elif field.default is not None:
            raise KeyError(key_of(field))
    return kind(**values)


def stored_fields(kind: type) -> Iterator[tuple[Field[Any], Any, str]]:
    """The fields of a dataclass that are stored, with their types and marks."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        mark = str(hint.__metadata__[0]) if get_origin(hint) is Annotated else ""
        if mark != _UNSTORED:
            yield field, get_args(hint)[0] if mark else hint, mark


def key_of(field: Field[Any]) -> str:
    """The key that a field is stored under."""
    return field.name.rstrip("_")


def is_flat(mark: str) -> bool:
    """Whether a field's keys stand among those of what holds it."""
    return mark == _FLAT


def _one_of(accepted: tuple[Any, ...], plain: Any, kind: Any) -> Any:
    """The accepted value that equals `plain` and is of its type: in Python 1 is also True and 1.0."""
    for value in accepted:
        if type(value) is type(plain) and value == plain:
            return value
    raise TypeError(f"{plain!r:.60} is no {kind}")


def _expect(plain: Any, accepted: Any, kind: Any) -> Any:
    if not isinstance(plain, accepted):
        raise TypeError(f"{plain!r:.60} is no {kind}")
    return plain
