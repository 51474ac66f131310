"""Settings as somebody gives them, by path or nested: merged, checked against the schema, and written again.

Strict: an unknown key or a value out of range is an error that names the nearest accepted one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from atalho import other_tools
from atalho.config import Config, TaskName
from atalho.entries import entries
from atalho.errors import ConfigError
from atalho.json_values import JsonObject, JsonValue
from atalho.text import Text

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True)
class Asked:
    """Settings as somebody asked for them: a whole configuration, and the paths of the values that were given.

    The others are the schema's defaults, which a recipe may change.
    """

    config: Config
    given: frozenset[str]


def merge(*layers: Mapping[str, JsonValue]) -> JsonObject:
    """Nested values of several layers as one; a later layer wins value by value."""
    merged: JsonObject = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping):
                below = merged.get(key)
                merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
            else:
                merged[key] = value
    return merged


def nest(flat: Mapping[str, JsonValue]) -> JsonObject:
    """`{"training.lr": 0.2}` as `{"training": {"lr": 0.2}}`; dashes in names count as underscores."""
    return merge(*(_nested(path.replace("-", "_").split("."), value) for path, value in flat.items()))


def _nested(keys: list[str], value: JsonValue) -> JsonObject:
    return {keys[0]: value if len(keys) == 1 else _nested(keys[1:], value)}


def by_path(named: Mapping[str, JsonValue], beside: Collection[str] = ()) -> JsonObject:
    """`{"lr": 0.2}` as `{"training.lr": 0.2}`; a path, and a section with its values, stay what they are.

    Raises ConfigError for a name that no setting has: with ours, also among the arguments `beside` the settings, where
    it is another tool's, otherwise with the nearest.
    """
    short = {entry.path.rpartition(".")[2]: entry.path for entry in entries()}
    sections = {entry.path.partition(".")[0] for entry in entries()}
    found: JsonObject = {}
    for given, value in named.items():
        if not isinstance(given, str):
            raise ConfigError("{given!r}: the name of a setting is expected, such as training.lr.", given=given)
        name = given.replace("-", "_").rstrip("_")
        if "." not in name and name not in sections:
            if name not in short:
                known = {*short, *short.values(), *sections}
                raise ConfigError(
                    Text.joined(Text("{name}: unknown setting.", name=given), other_tools.instead(name, known, beside))
                )
            name = short[name]
        found[name] = value
    return found


def change(config: Config, values: Mapping[str, JsonValue]) -> Config:
    """`config` with other `values`, by path, that are known to be accepted."""
    parts: dict[str, Any] = {  # any of the types of Config's fields
        name: replace(getattr(config, name), **inner) if isinstance(inner, Mapping) else inner
        for name, inner in nest(values).items()
    }
    return replace(config, **parts)


def to_dict(config: Config) -> JsonObject:
    """The nested values of `config`, ready for TOML or JSON."""
    return {section: _renamed(value, "class_", "class") for section, value in asdict(config).items()}


def _renamed(value: JsonValue, name: str, other: str) -> JsonValue:
    """`class` is a word of Python, so that its field has another name."""
    return {other if key == name else key: kept for key, kept in value.items()} if isinstance(value, Mapping) else value


def validate(values: Mapping[str, JsonValue]) -> Config:
    """The configuration that `values` (nested) describe. Raises ConfigError for what the schema does not accept."""
    from pydantic import ValidationError

    from atalho.validation import explain

    try:
        return _schema().validate_python(
            {section: _renamed(value, "class", "class_") for section, value in values.items()}
        )
    except ValidationError as error:
        raise ConfigError(explain(Config, error)) from None


def ask(values: Mapping[str, JsonValue]) -> Asked:
    """`values` (nested) as the settings that they ask for. Raises ConfigError for what the schema does not accept."""
    return Asked(validate(values), frozenset(flatten(values)))


def refuse_other_task(given: Mapping[str, JsonValue], task: TaskName) -> None:
    """Raises ConfigError where somebody gave settings (nested) of another task than `task`, which would change nothing.

    Not for whole files: the `run.toml` of every run has the settings of all tasks.
    """
    for other in get_args(TaskName):
        section = given.get(other)
        if other != task and isinstance(section, Mapping) and section:
            raise ConfigError(
                "{names} only works with the task {other}, and the task is {task}. Remove it, or choose "
                "--task {other}.",
                names=", ".join(f"{other}.{name}" for name in section),
                other=other,
                task=task,
            )


def flatten(values: Mapping[str, JsonValue]) -> JsonObject:
    """`{"training": {"lr": 0.2}}` as `{"training.lr": 0.2}`."""
    paths: JsonObject = {}
    for section, inner in values.items():
        paths |= (
            {f"{section}.{name}": value for name, value in inner.items()}
            if isinstance(inner, Mapping)
            else {section: inner}
        )
    return paths


@cache
def _schema() -> TypeAdapter[Config]:
    from pydantic import TypeAdapter

    return TypeAdapter(Config)
