"""Help pages in the user's language: what the parser itself writes on them (usage, choices, defaults) in our words."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel, format_usage
from cyclopts.help.inline_text import InlineText
from rich.text import Text

from atalho.cli.examples import EXAMPLES
from atalho.text import N_, _

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument
    from rich.console import Console, ConsoleOptions

PLACEHOLDERS = (
    *(N_("COMMAND"), N_("OPTIONS")),
    *(N_("INT"), N_("FLOAT"), N_("STR"), N_("PATH"), N_("CHOICE")),
    *(N_("DATA"), N_("RUN"), N_("IMAGES"), N_("PATTERN"), N_("MODEL"), N_("FILE"), N_("NAME"), N_("DIRECTORY")),
    *(N_("GALLERY"), N_("FIRST"), N_("SECOND"), N_("SHELL")),
)
"""The words that stand for a value; the parser makes them from types and from names of parameters."""


YES, NO = N_("yes"), N_("no")
BY_RECIPE, RECIPE = N_("set by the recipe"), N_("fast, or finetune with --from and weights from elsewhere")
_DEFAULTS = (YES, NO, BY_RECIPE, RECIPE)
"""Defaults that are words and not values."""


RARE: Final = N_("More options")
SETTINGS: Final = {
    "model": N_("Network"),
    "data": N_("Image settings"),
    "augment": N_("Augmentation"),
    "training": N_("Learning"),
    "reid": N_("Re-identification"),
}
"""The panels that `--help` leaves to `--help-all`: `RARE`, and the values of each section of the schema."""


class Formatter(DefaultFormatter):
    """The parser's own pages, with its English words replaced.

    Commands, their options and their groups are defined in English when they are imported, and translated here, when
    they are shown: one process may show them in two languages. A page that is not `whole` leaves out what few need.
    """

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.whole = whole

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: HelpPanel) -> None:
        """Print one panel."""
        if not self.whole and _is_rare(str(panel.title)):
            return
        entries = [_entry(entry) for entry in panel.entries]
        super().__call__(console, options, panel.copy(title=_(str(panel.title)), entries=entries))

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """Print the line that shows how a command is called."""
        console.print(Text(_("Usage: {usage}").format(usage=placeholders(str(usage))), "bold"))


def flags(argument: "Argument") -> list[str]:
    """The options that help shows for `argument`: not its path where it has a short name. None for one by its place."""
    if not (argument.parse and argument.show) or argument.is_positional_only() or argument.is_var_positional():
        return []
    return _shortest(argument.positives) or [*argument.positives, *argument.negatives]


def _shortest(names: Iterable[str]) -> list[str]:
    """Those of an option's names beside which its path is accepted too."""
    return [name for name in names if "." not in name]


def _is_rare(title: str) -> bool:
    return title in (RARE, *SETTINGS.values())


def usage(command: "App", words: Sequence[str]) -> str:
    """How the command that `words` name is called: its arguments by their names, what it needs, then options."""
    told = str(format_usage(command, ())).split()
    parts = ["atalho", *words, *(word for word in told if word == "COMMAND")]
    for argument in command.assemble_argument_collection() if command.default_command else ():
        if argument.index is not None or argument.is_var_positional():
            name = argument.name.upper() + ("..." if argument.is_var_positional() else "")
            parts.append(name if argument.required else f"[{name}]")
    parts += [f"{flag} {kind}" for flag, kind in pairwise(told) if flag.startswith("--")]
    return " ".join(parts + [word for word in told if word == "[OPTIONS]"])


def epilogue(command: "App", words: Sequence[str]) -> str:
    """What ends the page of the command that `words` name: examples, and where more is told."""
    shown = EXAMPLES.get(" ".join(words), ())
    groups = command.assemble_argument_collection().groups if command.default_command else ()
    parts = ["\n".join([_("Examples:"), *(f"  {line}" for line in shown)])] if shown else []
    if not words:
        parts.append(_("atalho help COMMAND shows the options of a command."))
    if any(_is_rare(group.name) for group in groups):
        parts.append(_("All settings: {command}").format(command=" ".join(["atalho", *words, "--help-all"])))
    parts.append(_("Every command also accepts --lang en|pt, --debug and, where it prints results, --json."))
    return "\n\n".join(parts)


def _entry(entry: HelpEntry) -> HelpEntry:
    """The same row in the language in force, its facts said in the description instead of left to the parser."""
    short = _shortest(entry.positive_names)
    facts = []
    if entry.choices:
        facts.append(_("[choices: {names}]").format(names=", ".join(entry.choices)))
    default = _(entry.default) if entry.default in _DEFAULTS else entry.default
    # A flag that is off unless given needs no default.
    if default not in (None, "False") and not (short and entry.default == NO):
        facts.append(_("[default: {value}]").format(value=default))
    if entry.required:
        facts.append(_("[required]"))
    description = InlineText(Text(_said(entry.description)))
    for fact in facts:
        description.append(Text(fact, "bright_black"))
    return entry.copy(
        positive_names=tuple(short or entry.positive_names),
        negative_names=() if short else entry.negative_names,
        description=description,
        metavar=placeholders(entry.metavar) if entry.metavar else None,
        positional_label=placeholders(entry.positional_label) if entry.positional_label else None,
        choices=None,
        default=None,
        required=False,
    )


def _said(description: InlineText) -> str:
    """What stands in a row, translated. Pages are plain text, so that the parser has left the words as they were."""
    words = str(description.primary_renderable)
    return _(words) if words else ""


def placeholders(text: str) -> str:
    """`text` with each word that stands for a value in the language in force."""
    return re.sub("[A-Z]{2,}", lambda word: _(word[0]), text)
