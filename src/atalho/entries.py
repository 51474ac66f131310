"""Every value of the schema in a row: its path, type, default and meaning."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from atalho.config import Config


@dataclass(frozen=True)
class Entry:
    """One value of the schema: `path` as in TOML (`training.lr`), its type, its default and what it means (English)."""

    path: str
    type: Any
    default: Any
    meaning: str


def entries() -> Iterator[Entry]:
    """Every value of the schema in order, for help texts and commented files."""
    for section, hint in get_type_hints(Config, include_extras=True).items():
        if get_origin(hint) is Annotated:
            yield _entry(section, hint, Config.__dataclass_fields__[section].default)
            continue
        for name, inner in get_type_hints(hint, include_extras=True).items():
            yield _entry(f"{section}.{name.rstrip('_')}", inner, hint.__dataclass_fields__[name].default)


def _entry(path: str, hint: Any, default: Any) -> Entry:
    kind, *metadata = get_args(hint)
    return Entry(path, kind, default, next(text for text in metadata if isinstance(text, str)))
