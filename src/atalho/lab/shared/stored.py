"""Typed values as `result.json` holds them, and back, by the annotations of their fields.

A field of a dataclass is a key; one whose default is None is absent where there is nothing. The keys of a `Flat` field
stand among those of the value that holds it. A field that `Grows` is no part of what an experiment's folder is made
for: more seeds may be added to it. An `Unstored` field is known to Python alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from atalho.lab.shared.verdict import Verdict
from atalho.networks import spec as specs
from atalho.networks.spec import Spec
from atalho.text import Text

_FLAT: Final = "flat"
_GROWS: Final = "grows"
_UNSTORED: Final = "unstored"
T = TypeVar("T")
Flat: TypeAlias = Annotated[T, _FLAT]
Grows: TypeAlias = Annotated[T, _GROWS]
Unstored: TypeAlias = Annotated[T, _UNSTORED]


def to_json(value: Any) -> Any:
    """`value` as JSON holds it."""
    if isinstance(value, Verdict | Text):
        return value.to_json()
    if isinstance(value, Spec):
        return specs.to_dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _keys(value)
    if isinstance(value, Mapping):
        return {name: to_json(inner) for name, inner in value.items()}
    return [to_json(inner) for inner in value] if isinstance(value, tuple | list) else value


def described(settings: Any) -> dict[str, Any]:
    """Settings without those that may grow: what a folder of cells is made for."""
    growing = {field.name for field, _kind, mark in stored_fields(type(settings)) if mark == _GROWS}
    return {name: value for name, value in to_json(settings).items() if name not in growing}


def from_json(kind: Any, plain: Any) -> Any:
    """The value of type `kind` that `to_json` wrote. Raises KeyError, TypeError or ConfigError for anything else."""
    if kind is Any:
        return plain
    if kind == Spec:
        return specs.from_dict(plain)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if plain is None and NoneType in inner:
            return None
        return from_json(next(one for one in inner if one is not NoneType), plain)
    if origin is tuple:
        _expect(plain, list, kind)
        kinds = [inner[0]] * len(plain) if inner[-1] is ... else inner
        return tuple(from_json(one, part) for one, part in zip(kinds, plain, strict=True))
    if origin is dict:
        _expect(plain, dict, kind)
        return {name: from_json(inner[1], part) for name, part in plain.items()}
    if origin is Literal:
        return _expect(plain, type(inner[0]), kind)
    if kind is Verdict:
        return Verdict.from_json(plain)
    if isinstance(kind, type) and is_dataclass(kind):
        return filled(kind, _expect(plain, dict, kind))
    return _expect(plain, int | float if kind is float else kind, kind)


def filled(kind: type[T], plain: Mapping[str, Any], **unstored: Any) -> T:
    """The dataclass whose keys are in `plain`, with the values of its fields that are not stored."""
    values = dict(unstored)
    for field, hint, mark in stored_fields(kind):
        if is_flat(mark):
            whole = next((one for one in get_args(hint) if one is not NoneType), hint)
            if field.default is not None or any(one.name in plain for one, _kind, _mark in stored_fields(whole)):
                values[field.name] = from_json(whole, plain)
        elif field.name in plain:
            values[field.name] = from_json(hint, plain[field.name])
        elif field.default is not None:
            raise KeyError(field.name)
    return kind(**values)


def stored_fields(kind: type) -> Iterator[tuple[Field[Any], Any, str]]:
    """The fields of a dataclass that are stored, with their types and marks."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        mark = str(hint.__metadata__[0]) if get_origin(hint) is Annotated else ""
        if mark != _UNSTORED:
            yield field, get_args(hint)[0] if mark else hint, mark


def is_flat(mark: str) -> bool:
    """Whether a field's keys stand among those of what holds it."""
    return mark == _FLAT


def _keys(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, _kind, mark in stored_fields(type(value)):
        inner = getattr(value, field.name)
        if inner is None and field.default is None:
            continue
        found |= to_json(inner) if is_flat(mark) else {field.name: to_json(inner)}
    return found


def _expect(plain: Any, accepted: Any, kind: Any) -> Any:
    if not isinstance(plain, accepted):
        raise TypeError(f"{plain!r:.60} is no {kind}")
    return plain
