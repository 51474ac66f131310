"""`run.toml`: the resolved configuration of a run, each value with a comment; also what --config reads."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Table

from atalho import limits
from atalho.entries import entries
from atalho.errors import ConfigError
from atalho.json_values import JsonObject
from atalho.text import N_, _

HEAD: Final = N_("The complete configuration of this run. To use it again: atalho train --config run.toml")
"""The comment that it begins with."""

_PLACE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
"""What Python's reader of TOML appends to its English reason."""


def text(values: Mapping[str, Any]) -> str:
    """TOML of the nested `values` of a Config, with what each value means; None is shown commented out."""
    document = tomlkit.document()
    document.add(tomlkit.comment(_(HEAD)))
    tables: dict[str, Table] = {}
    for entry in entries():
        section, _dot, name = entry.path.rpartition(".")
        if section and section not in tables:
            tables[section] = tomlkit.table()
            document.add(section, tables[section])
        value = values[section][name] if section else values[name]
        holder = tables[section] if section else document
        if value is None:
            holder.add(tomlkit.comment(f"{name} =  # {_(entry.meaning)}"))
        else:
            item = tomlkit.item(list(value) if isinstance(value, tuple) else value)
            holder.add(name, item.comment(_(entry.meaning)))
    return tomlkit.dumps(document)


def read(path: Path) -> JsonObject:
    """The nested values of a TOML file. Raises ConfigError where it is not one."""
    try:
        return tomllib.loads(limits.read_text(path, limits.SETTINGS))
    except FileNotFoundError:
        raise ConfigError("{path}: file not found. Give a TOML file, such as a run's run.toml.", path=path) from None
    except (OSError, ValueError, RecursionError) as error:
        if path.is_dir():
            raise ConfigError("{path} is a folder. Give a TOML file, such as a run's run.toml.", path=path) from None
        if place := _PLACE.search(str(error)):
            raise ConfigError(
                "Cannot read {path} as TOML: line {line}, column {column} is not as the format wants it ({reason}). "
                "Correct that line; a run's run.toml shows how it looks.",
                path=path,
                line=int(place[1]),
                column=int(place[2]),
                reason=str(error).removesuffix(place[0]).rstrip(),
            ) from error
        raise ConfigError("Cannot read {path} as TOML: {reason}", path=path, reason=error) from error
