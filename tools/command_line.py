"""The reference of the command line, in docs/cli.md and docs/cli.pt-BR.md: what `--help-all` says of every command.

python tools/command_line.py write    write both pages
python tools/command_line.py check    exit with a message where a page is not what `write` would write
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
from rich.console import Console

from atalho.cli import app, help
from atalho.cli.examples import EXAMPLES
from atalho.text import use_language

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {"en": DOCS / "cli.md", "pt": DOCS / "cli.pt-BR.md"}
HEADS = {
    "en": "# Command line\n\n`python tools/command_line.py write` generates this page from the help of the commands. "
    "[Em português](cli.pt-BR.md)\n",
    "pt": "# Linha de comando\n\n`python tools/command_line.py write` gera esta página a partir da ajuda dos comandos. "
    "[In English](cli.md)\n",
}


class Markdown(DefaultFormatter):
    """Collects a help page as lines of Markdown instead of printing it."""

    def __call__(self, console: Any, options: Any, panel: HelpPanel) -> None:
        """One panel: its title and a row per entry."""
        entries = [entry for entry in panel.entries if not set(entry.names) & {"--help", "--version"}]
        if entries:
            self.lines += [f"**{panel.title}**\n", *map(_row, entries), ""]

    def render_usage(self, console: Any, options: Any, usage: Any) -> None:
        """How the command is called."""
        self.lines += [f"```text\n{help.placeholders(str(usage)).removeprefix('Usage: ').strip()}\n```\n"]

    def render_description(self, console: Any, options: Any, description: Any) -> None:
        """What the command does."""
        self.lines += [f"{_plain(description)}\n"]


class Reference(help.Formatter, Markdown):
    """The help of one command as lines of Markdown. `help.Formatter` chooses the words, and `Markdown` writes them."""

    lines: list[str]

    def __init__(self) -> None:
        super().__init__(whole=True)
        self.lines = []

    render_usage = Markdown.render_usage
    render_description = Markdown.render_description


def page(language: str) -> str:
    """The reference in one language: every command as its help shows it."""
    use_language(language)
    program = app.build()
    sections = [HEADS[language]]
    for words in _commands(program, []):
        writer = Reference()
        here = program
        here.help_formatter = writer
        for word in words:
            here = here[word]
            here.help_formatter = writer
        program.help_print(words, console=Console(file=io.StringIO(), width=100))
        shown = EXAMPLES.get(" ".join(words), ())
        examples = ["\n".join(["```bash", *shown, "```\n"])] if shown else []
        heading = [f"{'#' * (len(words) + 1)} {' '.join(['atalho', *words])}\n"] if words else []
        sections += [*heading, *writer.lines, *examples]
    return "\n".join(sections).rstrip() + "\n"


def _commands(here: App, words: list[str]) -> Iterator[list[str]]:
    """Every command by its words, each before those below it."""
    yield words
    for name in here:
        if not name.startswith("-"):
            yield from _commands(here[name], [*words, name])


def _row(entry: HelpEntry) -> str:
    label = entry.positional_label or " ".join(filter(None, [", ".join(entry.all_options), entry.metavar]))
    return f"- `{label}`: {_plain(entry.description)}"


def _plain(described: Any) -> str:
    """Words as they would be printed, on one line."""
    out = io.StringIO()
    Console(file=out, width=10_000).print(described)
    return " ".join(out.getvalue().split())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            for language, path in PAGES.items():
                path.write_text(page(language), encoding="utf-8")
        case ["check"]:
            for language, path in PAGES.items():
                if not path.is_file() or path.read_text(encoding="utf-8") != page(language):
                    sys.exit(f"docs/{path.name} is out of date: run python tools/command_line.py write.")
        case _:
            sys.exit(__doc__)
