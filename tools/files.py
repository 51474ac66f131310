"""A line for each source file, in docs/files.md, from the first sentence of its docstring.

python tools/files.py write    write docs/files.md, and what tools/command_line.py generates
python tools/files.py check    exit with a message where docs/files.md is not what `write` would write
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "atalho"
PAGE = ROOT / "docs" / "files.md"
HEAD = """\
# Source files

One line per file: the first sentence of its docstring. The rooms are in the order of the
[layers](architecture.md), from the command line down. `python tools/files.py write` generates this page, and
`make check` fails where it is out of date.
"""
# A full stop ends a sentence where a capital or code follows; that of "et al. 2015" does not.
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z`])")


def page() -> str:
    """The whole page: the files at the root, then every room."""
    lines = [HEAD, "## At the root\n"]
    lines += [_line(path) for path in sorted(SOURCE.glob("*.py"))]
    for room in _rooms():
        package, *files = sorted(room.rglob("*.py"), key=_place)
        lines += [f"\n## {room.name}\n", _sentence(package)]
        lines += ["", *map(_line, files)] if files else []
    return "\n".join(lines) + "\n"


def _rooms() -> Iterator[Path]:
    """The packages below the root in the order of import-linter's layers; those that no layer names come last."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers")
    order = [name for layer in layers for name in re.findall(r"\w+", layer)]
    packages = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
    yield from sorted(packages, key=lambda path: order.index(path.name) if path.name in order else len(order))


def _place(path: Path) -> tuple[Path, bool, str]:
    """Folder by folder, and what a package is before its files."""
    return path.parent, path.name != "__init__.py", path.name


def _line(path: Path) -> str:
    return f"- `{path.relative_to(SOURCE)}`: {_sentence(path)}"


def _sentence(path: Path) -> str:
    """The first sentence of a file's docstring, on one line."""
    written = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not written:
        sys.exit(f"{path.relative_to(ROOT)} has no docstring: say in its first line what the file is for.")
    return SENTENCE_END.split(" ".join(written.split("\n\n")[0].split()))[0]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            PAGE.write_text(page(), encoding="utf-8")
            places = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
            program = [sys.executable, ROOT / "tools" / "command_line.py", "write"]
            subprocess.run(program, check=True, env=os.environ | {"PYTHONPATH": places})
        case ["check"]:
            if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
                sys.exit("docs/files.md is out of date: run python tools/files.py write.")
        case _:
            sys.exit(__doc__)
