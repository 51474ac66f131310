"""HTML that escapes what it is given: only `Html`, which comes from here, goes in as it is."""

import html
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

_VOID: Final = {"meta", "input", "br", "hr"}
# HTML forbids these, and an editor or printer may choke on them; names of files can hold any.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

Child: TypeAlias = "str | Iterable[Child] | None"


class Html(str):
    """Markup, already escaped."""

    __slots__ = ()


def el(tag: str, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. Text and attribute values are escaped; None is left out; `class_` is class, `data_sort` data-sort."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Children one after the other, text escaped."""
    parts = []
    for child in children:
        if isinstance(child, Html):
            parts.append(str(child))
        elif isinstance(child, str):
            parts.append(html.escape(clean(child), quote=False))
        elif child is not None:
            parts.append(str(join(child)))
    return Html("".join(parts))


def clean(text: str) -> str:
    """`text` with the characters that no document may hold replaced by a visible mark."""
    return _CONTROL.sub("\ufffd", text)


def _attribute(name: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(clean(str(value)))}"'
