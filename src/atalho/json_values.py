"""The types of what JSON holds: for files and answers that are JSON, and for nothing that only our own code reads."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""A value of JSON. Lists and objects inside are read-only types, so that a `list[str]` is a value too."""

JsonObject: TypeAlias = dict[str, JsonValue]
"""An object of JSON: what a `to_dict()` returns and what a file that is one object is parsed into."""
