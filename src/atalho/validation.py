"""What pydantic refuses, in Atalho's words: what was given, what is accepted, and the nearest name.

Settings (`config.py`) and the specs of networks are frozen dataclasses that pydantic checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any, Final, TypeVar, get_args, get_type_hints

from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError

from atalho import other_tools
from atalho.errors import nearest
from atalho.text import N_, Text

T = TypeVar("T")
_BOUNDS: Final = {
    "greater_than": ("gt", N_("greater than {bound}")),
    "greater_than_equal": ("ge", N_("at least {bound}")),
    "less_than": ("lt", N_("less than {bound}")),
    "less_than_equal": ("le", N_("at most {bound}")),
    "too_short": ("min_length", N_("a list of at least {bound}")),
    "too_long": ("max_length", N_("a list of at most {bound}")),
    "finite_number": ("", N_("a finite number")),
}
"""Pydantic's kind of error → where it keeps the bound, and how the bound is said."""

_TYPES: Final = {
    "int": N_("a whole number"),
    "float": N_("a number"),
    "bool": N_("true or false"),
    "string": N_("a text"),
    "tuple": N_("a list"),
    "list": N_("a list"),
    "dataclass": N_("a table of settings"),
}

NO_TRUTH_VALUE: Final = BeforeValidator(lambda value: _refuse_truth_value(value))
"""For a choice of whole numbers: true is none, although Python takes it for 1."""


def _refuse_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


def explain(kind: Any, error: ValidationError) -> Text:
    """Why values are no `kind` (a dataclass), a line for each that is not accepted or missing."""
    known = dict(_values(kind))
    # A misspelt name first: it is why another one is missing.
    details = sorted(error.errors(), key=lambda detail: detail["type"] == "missing")
    return Text.joined(*(_line(known, detail) for detail in details), by="\n")


def checked(kind: type[T], values: Any) -> T:
    """`values`, as a file holds them, as a `kind`. Raises ValueError, and ConfigError for a network that cannot be."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise ValueError(first_reason(kind, error)) from None


def first_reason(kind: Any, error: ValidationError) -> Text:
    """As `explain`, of the first value alone: a damaged file may hold thousands."""
    detail = error.errors()[0]
    own = detail.get("ctx", {}).get("error") if detail["type"] == "value_error" else None
    return Text.verbatim(str(own)) if own is not None else _line(dict(_values(kind)), detail)


def _values(kind: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Path and type of every value that a dataclass holds, also of those within another."""
    for name, hint in get_type_hints(kind).items() if is_dataclass(kind) else ():
        yield above + name, hint
        yield from _values(hint, f"{above}{name}.")


def _line(known: dict[str, Any], detail: Any) -> Text:
    path, given, context = (
        ".".join(map(str, detail["loc"])) or str(Text("its content")),
        detail["input"],
        detail.get("ctx", {}),
    )
    match detail["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return Text("{path}: unknown setting. {nearest}", path=path, nearest=other_tools.instead(path, known))
        case "missing":
            return Text("{path} is missing: a value is required.", path=path)
        case "literal_error":
            return _no_choice(path, given, map(str, get_args(known.get(path))))
        case "union_tag_invalid":
            accepted = re.findall(r"'(.*?)'", context["expected_tags"])
            choice = _no_choice(context["discriminator"].strip("'"), context["tag"], accepted)
            return Text("{where}: {reason}", where=path, reason=choice) if detail["loc"] else choice
        case reason if reason in _BOUNDS:
            bound, text = _BOUNDS[reason]
            wanted = Text(text, bound=context.get(bound))
        case reason:
            known_type = next((text for kind, text in _TYPES.items() if reason.startswith(kind)), None)
            wanted = Text(known_type) if known_type else Text.verbatim(detail["msg"])
    return Text("{path} = {given!r} is not accepted: it must be {wanted}.", path=path, given=given, wanted=wanted)


def _no_choice(path: str, given: object, accepted: Iterable[str]) -> Text:
    return Text(
        "{path} = {given!r} is not accepted. {nearest}", path=path, given=given, nearest=nearest(str(given), accepted)
    )
