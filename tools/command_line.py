"""The reference of the command line, in docs/cli.md and docs/cli.pt-BR.md, from the parser itself.

python tools/command_line.py write    write both pages
python tools/command_line.py check    exit with a message where a page is not what `write` would write
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from atalho.cli import app
from atalho.cli.help import placeholders
from atalho.text import _, use_language

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {"en": DOCS / "cli.md", "pt": DOCS / "cli.pt-BR.md"}
HEADS = {
    "en": "# Command line\n\n`python tools/command_line.py write` generates this page from the parser. "
    "[Em português](cli.pt-BR.md)\n",
    "pt": "# Linha de comando\n\n`python tools/command_line.py write` gera esta página a partir do próprio programa. "
    "[In English](cli.md)\n",
}


def page(language: str) -> str:
    """The reference in one language: the parser's own Markdown, with the words that it adds itself in ours."""
    use_language(language)
    text = app.build().generate_docs()
    text = re.sub(r"^# atalho\n|^## Table of Contents\n\n(?: *- .*\n)+\n", "", text, flags=re.M)
    # A flag that is off unless given needs no default.
    text = re.sub(r" \*\[default: False\]\*", "", text)
    text = re.sub(r"\*\*\[required\]\*\*", _("[required]"), text)
    text = re.sub(
        r"\*\[default: (.*?)\]\*\n", lambda found: _("[default: {value}]").format(value=found[1]) + "\n", text
    )
    text = re.sub(r"\*\[choices: (.*?)\]\*", lambda found: _("[choices: {names}]").format(names=found[1]), text)
    text = re.sub(r"^(?:\* `.*?`|atalho .*)", lambda found: placeholders(found[0]), text, flags=re.M)
    return HEADS[language] + text.rstrip() + "\n"


def _page(language: str) -> str:
    """The same from a process of its own: some texts of options keep the language in which they were first read."""
    program = [sys.executable, __file__, "print", language]
    return subprocess.run(program, check=True, capture_output=True, encoding="utf-8").stdout


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["print", language]:
            sys.stdout.reconfigure(encoding="utf-8")
            print(page(language), end="")
        case ["write"]:
            for language, path in PAGES.items():
                path.write_text(_page(language), encoding="utf-8")
        case ["check"]:
            for language, path in PAGES.items():
                if not path.is_file() or path.read_text(encoding="utf-8") != _page(language):
                    sys.exit(f"docs/{path.name} is out of date: run python tools/command_line.py write.")
        case _:
            sys.exit(__doc__)
