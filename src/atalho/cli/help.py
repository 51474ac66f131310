"""Help pages in the user's language: what the parser itself writes on them (usage, choices, defaults) in our words."""

import re
from typing import TYPE_CHECKING, Any

from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
from cyclopts.help.inline_text import InlineText
from rich.text import Text

from atalho.text import N_, _

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

PLACEHOLDERS = (
    *(N_("COMMAND"), N_("OPTIONS"), N_("ARGS")),
    *(N_("INT"), N_("FLOAT"), N_("STR"), N_("PATH"), N_("CHOICE")),
    *(N_("DATA"), N_("RUN"), N_("IMAGES"), N_("PATTERN"), N_("MODEL"), N_("FILE"), N_("NAME"), N_("DIRECTORY")),
    *(N_("GALLERY"), N_("FIRST"), N_("SECOND")),
)
"""The words that stand for a value; the parser makes them from types and from names of parameters."""


YES, NO = N_("yes"), N_("no")
BY_RECIPE, RECIPE = N_("set by the recipe"), N_("fast, or finetune with --from")
_DEFAULTS = (YES, NO, BY_RECIPE, RECIPE)
"""Defaults that are words and not values."""


class Formatter(DefaultFormatter):
    """The parser's own pages, with its English words replaced.

    Commands, their options and their groups are defined in English when they are imported, and translated here, when
    they are shown: one process may show them in two languages.
    """

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: HelpPanel) -> None:
        """Print one panel."""
        entries = [_entry(entry) for entry in panel.entries]
        super().__call__(console, options, panel.copy(title=_(str(panel.title)), entries=entries))

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """Print the line that shows how a command is called."""
        console.print(Text(_("Usage: {usage}").format(usage=placeholders(str(usage))), "bold"))


def _entry(entry: HelpEntry) -> HelpEntry:
    """The same row in the language in force, its facts said in the description instead of left to the parser."""
    short = [name for name in entry.positive_names if "." not in name]  # beside the path, which is accepted too
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
