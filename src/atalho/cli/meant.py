"""Which option was meant by one that a command does not have: by its last part, by other tools' names, by its letters.

Only options that the command has are offered, and one of them, so that it can be used without a look at the help.
"""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from atalho import other_tools
from atalho.cli import help, options
from atalho.text import _

if TYPE_CHECKING:
    from cyclopts import App

_ALIKE = 0.7
"""From which similarity on a name counts as misspelt, and not as another word."""


def explain(given: str, command: "App", words: Sequence[str]) -> str:
    """What to write instead of the option `given` of the command that `words` name."""
    option = given.partition("=")[0]
    word = _last(option).replace("_", "-").lower()
    known = command.assemble_argument_collection()
    flags = [flag for argument in known for flag in help.flags(argument)]
    placed = [argument.name.lower() for argument in known]
    if (told := other_tools.unasked(word, [*map(_last, flags), *placed])) is not None:
        return _("Unknown option {given}. {instead}").format(given=option, instead=told)
    if (exact := _exactly(word, flags)) is not None:
        return _("Unknown option {given}. Use {option}.").format(given=option, option=exact)
    if word in placed or other_tools.argument(word, placed) is not None:
        usage = help.placeholders(help.usage(command, words))
        return _("Unknown option {given}. Give its value alone: {usage}").format(given=option, usage=usage)
    if other_tools.is_device(word):
        text = _("Unknown option {given}. Set the environment variable ATALHO_DEVICE instead, such as to cpu or cuda.")
        return text.format(given=option)
    ends = {_last(flag): flag for flag in flags}
    close = difflib.get_close_matches(word, ends, n=1, cutoff=_ALIKE)
    if close:
        return _("Unknown option {given}. Did you mean {names}?").format(given=option, names=ends[close[0]])
    text = _("Unknown option {given}. {command} shows those that there are.")
    return text.format(given=option, command=" ".join(["atalho", *words, "--help-all"]))


def _exactly(word: str, flags: Sequence[str]) -> str | None:
    """The option whose last part is `word`, or that other tools call so."""
    for flag in flags:
        if _last(flag) == word:
            return flag
    # By their names, as --epochs has two: its own and the path of the setting.
    named = {flag.lstrip("-").replace("-", "_"): flag for flag in reversed(flags)}
    named |= {path: flag for path, flag in options.SHORT.items() if flag in flags}
    found = other_tools.ours(word, named)
    if found is None:
        return None
    name, value = found
    return named[name] if value is None else f"{named[name]} {value}"


def _last(option: str) -> str:
    """`--training.weight-decay` as `weight-decay`."""
    return option.lstrip("-").rpartition(".")[2]
