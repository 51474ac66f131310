"""What a verb found: a typed value that prints as a line, is a table in a notebook, and converts to JSON."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from html import escape

from atalho import stored
from atalho.json_values import JsonObject


class Shown(ABC):
    """What prints as a line and is a table in a notebook, in the language in force."""

    @abstractmethod
    def shown(self) -> Iterator[tuple[str, str]]:
        """What a reader wants to see first: the name of a value, and the value as it is written."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}: {value}' for name, value in self.shown())})"

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self.shown())
        return f"<table>{''.join(rows)}</table>"


class Finding(Shown):
    """A frozen dataclass that a verb returns."""

    def to_dict(self) -> JsonObject:
        """As JSON holds it."""
        return stored.to_object(self)
