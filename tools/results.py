"""What `result.json` of each experiment holds, in docs/results.md, from the types that hold it in Python.

python tools/results.py write    write docs/results.md
python tools/results.py check    exit with a message where docs/results.md is not what `write` would write
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from atalho import lab
from atalho.lab.shared.result import Result
from atalho.networks.spec import Spec
from atalho.stored import is_flat, stored_fields
from atalho.text import Text

PAGE = Path(__file__).parent.parent / "docs" / "results.md"
_NAMES = {int: "whole number", float: "number", str: "text", bool: "true / false", Text: "text"}
EXPERIMENTS = ("depth", "compare", "gradients", "lesion", "landscape", "identity", "cost")
HEAD = """\
# What an experiment finds

Every experiment of the laboratory leaves a folder:

| file | what it holds |
|---|---|
| `experiment.json` | what is measured: a folder made for other settings is refused |
| `cells/NAME.json` | a finished cell: its `value`, and the `seconds` that it took |
| `result.json` | what was found, as described below |
| `figure.svg`, `figure.png` | the first figure |
| `report.html` | the page, made from `result.json` |

`atalho.lab.depth.run(…)` returns what `result.json` holds as a frozen dataclass, and `atalho.lab.depth.read(PATH)`
reads it back; likewise for the other experiments. `table()` is the table that the command prints, `to_dict()` is the
content of the file, `path` the folder and `report` the page.

`python tools/results.py write` generates this page from the dataclasses. Where a field is said to lie beside the
others, its keys stand among those of the table.

## result.json
"""


def page() -> str:
    """The whole page: what all results have, then each experiment, then the types that several use."""
    lines, told = [HEAD], {Result}
    lines += _table(Result)
    rest = _inner(Result)
    for name in EXPERIMENTS:
        result = getattr(lab, name).read.__self__
        lines += [f"\n## lab {name}\n", _sentence(result)]
        waiting = [hint for field, hint, _mark in stored_fields(result) if field.name in ("settings", "measured")]
        while waiting:
            kind = waiting.pop(0)
            if kind in told or kind in rest:
                continue
            if ".shared." in kind.__module__:
                rest.append(kind)
                continue
            told.add(kind)
            lines += [f"\n### {kind.__name__}\n", _sentence(kind), "", *_table(kind)]
            waiting = [*_inner(kind), *waiting]
    lines += ["\n## Used by several\n"]
    for kind in rest:
        rest += [inner for inner in _inner(kind) if inner not in rest]
        lines += [f"\n### {kind.__name__}\n", _sentence(kind), "", *_table(kind)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _table(kind: type) -> Iterator[str]:
    meanings = _meanings(kind)
    yield "| key | type | what it holds |"
    yield "|---|---|---|"
    for field, hint, mark in stored_fields(kind):
        where = "the keys of " if is_flat(mark) else ""
        absent = " or absent" if field.default is None else ""
        name = f"*{field.name}*, beside the others" if is_flat(mark) else f"`{field.name}`"
        shown = _written(hint).removesuffix(" or null") if absent else _written(hint)
        yield f"| {name} | {where}{shown}{absent} | {meanings[field.name]} |"


def _written(hint: Any) -> str:
    """A type as JSON has it."""
    origin, inner = get_origin(hint), [one for one in get_args(hint) if one is not NoneType]
    if hint == Spec:
        return "a network's spec"
    if origin in (Union, UnionType):
        return f"{_written(inner[0])} or null"
    if origin is tuple:
        return f"list of {_written(inner[0])}" if inner[-1] is ... else f"{len(inner)} × {_written(inner[0])}"
    if origin is dict:
        return f"{_written(inner[1])} by name"
    if origin is Literal:
        return " / ".join(f'"{value}"' for value in inner)
    if isinstance(hint, type) and is_dataclass(hint) and hint is not Text:
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return _NAMES.get(hint, "values")


def _inner(kind: type) -> list[type]:
    """The dataclasses that its fields are made of."""
    found: list[type] = []

    def look(hint: Any) -> None:
        if isinstance(hint, type) and is_dataclass(hint) and hint is not Text:
            found.append(hint)
        elif hint != Spec:
            for inner in get_args(hint):
                look(inner)

    for _field, hint, _mark in stored_fields(kind):
        look(hint)
    return list(dict.fromkeys(found))


def _sentence(kind: type) -> str:
    return " ".join(inspect.getdoc(kind).split("\n\n")[0].split())  # type: ignore[union-attr]


def _meanings(kind: type) -> dict[str, str]:
    """The text below each field, of its bases too."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if not is_dataclass(one):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0].body  # type: ignore[attr-defined]
        for before, after in pairwise(body):
            if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
                found[before.target.id] = " ".join(after.value.value.split())  # type: ignore[union-attr, attr-defined]
    return found


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    if arguments == ["write"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if arguments == ["check"]:
        if PAGE.read_text(encoding="utf-8") == page():
            return 0
        sys.stderr.write("docs/results.md is out of date: python tools/results.py write\n")
        return 1
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
