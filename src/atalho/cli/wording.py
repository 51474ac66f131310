"""What the parser found wrong, in our own words: what was given, what is accepted, what to do."""

import os
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final, get_args

from cyclopts import App, CoercionError, CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError
from cyclopts.exceptions import RepeatArgumentError

from atalho.cli import help, meant
from atalho.cli.examples import EXAMPLES
from atalho.errors import nearest
from atalho.text import _

_SHOWN: Final = 3
"""Words that nothing takes which a message repeats: a shell puts hundreds in place of a glob."""


def explain(error: CycloptsError) -> str:
    """One clear message for an error of the parser."""
    if isinstance(error, UnknownOptionError):
        given = error.token.keyword or error.token.value
        return meant.explain(given, error.app or App(), error.command_chain or ())
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error)
    if isinstance(error, MissingArgumentError):
        return _missing(error)
    if isinstance(error, CoercionError):
        return _coercion(error)
    if isinstance(error, RepeatArgumentError):
        return _repeated(error)
    if error.unused_tokens:
        return _too_many(error.unused_tokens, error)
    return str(error)


def _unknown_command(error: CycloptsError) -> str:
    """A word that is no command, or an option that stands before the command."""
    words = error.unused_tokens or [""]
    given, above = words[0], ["atalho", *(error.command_chain or ())]
    commands = [name for name in (error.app or ()) if not name.startswith("-")]
    if os.path.exists(given):  # noqa: PTH110 (no error for a name that is too long)
        text = _("{given} is a file or folder; a command comes before it, as in: {example}")
        return text.format(given=given, example=EXAMPLES[" ".join(above[1:])][-1])
    if not given.startswith("-"):
        return _("Unknown command {given}. {nearest}").format(given=given, nearest=nearest(given, commands))
    place = next((place for place, word in enumerate(words) if word in commands), None)
    if place is None:
        text = _("Unknown option {given}. {command} shows the commands.")
        return text.format(given=given, command=" ".join([*above, "--help"]))
    text = _("{given} stands before the command. Options come after it: {command}")
    return text.format(given=given, command=shlex.join([*above, *words[place:], *words[:place]]))


def _too_many(words: list[str], error: CycloptsError) -> str:
    """Words beyond what the command takes: often a name with a space in it, or a glob, without quotes."""
    given = " ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
    tokens = error.root_input_tokens or []
    for left, right in pairwise(tokens):
        if right in words and os.path.exists(f"{left} {right}"):  # noqa: PTH110
            text = _("Unexpected argument: {given}. Put a name with spaces in quotes: {name}")
            return text.format(given=given, name=f'"{left} {right}"')
    if error.app is None:
        return _("Unexpected argument: {given}. See --help.").format(given=given)
    usage = _usage(error.app, error)
    if named := _networks(tokens, error.app):
        text = _("Unexpected argument: {given}. A network is named by an option: --model {name}")
        return text.format(given=given, name=named[0])
    if "PATTERN" in help.usage(error.app, ()) and all(map(os.path.exists, words)):
        text = _(
            "Unexpected argument: {given}. Put the pattern in quotes, so that the shell leaves it as it is: {usage}"
        )
    else:
        text = _("Unexpected argument: {given}. Usage: {usage}")
    return text.format(given=given, usage=usage)


def _usage(command: App, error: CycloptsError) -> str:
    return help.placeholders(help.usage(command, error.command_chain or ()))


def _networks(words: Iterable[str], command: App) -> list[str]:
    """Those of `words` that name a network, of a command that has an option for it."""
    from atalho.networks.catalogue import list_models

    arguments = command.assemble_argument_collection()
    if not any("--model" in argument.names for argument in arguments):
        return []
    known = list_models()
    return [word for word in words if word in known]


def _missing(error: MissingArgumentError) -> str:
    """An argument that was not given, or an option without its value, with what it is for."""
    argument = error.argument
    if argument is None or not argument.parameter.help:
        return str(error)
    name, meaning = error.keyword or help.placeholders(argument.name), _(argument.parameter.help)
    if error.keyword:
        return _("{name} needs a value ({meaning}). See --help.").format(name=name, meaning=meaning)
    if error.app is None:
        return _("{name} is missing ({meaning}). Add it, or see --help.").format(name=name, meaning=meaning)
    text = _("{name} is missing ({meaning}). Usage: {usage}")
    return text.format(name=name, meaning=meaning, usage=_usage(error.app, error))


def _repeated(error: RepeatArgumentError) -> str:
    """A value that is given twice, perhaps under its short name and by its path."""
    from atalho.cli import options

    words = {word.partition("=")[0].replace(".no-", ".") for word in error.root_input_tokens or ()}
    given = error.token.keyword or error.token.value
    for path, flag in options.SHORT.items():
        names = {flag, options.flag(path)}
        if given.replace(".no-", ".") in names and len(names & words) == 2:
            return _("{flag} and {path} are the same setting. Give only one.").format(
                flag=flag, path=options.flag(path)
            )
    return _("{name} was given twice. Give it once.").format(name=given)


def _coercion(error: CoercionError) -> str:
    name = (error.token.keyword if error.token else None) or (error.argument.name if error.argument else "")
    given = error.token.value if error.token else ""
    choices = [choice for choice in get_args(error.target_type) if isinstance(choice, str)]
    if choices:
        return _("{name} {given} is not accepted. {nearest}").format(
            name=name, given=given, nearest=nearest(given, choices)
        )
    kinds = {int: _("a whole number"), float: _("a number"), bool: _("true or false")}
    wanted = next((kinds[kind] for kind in _within(error.target_type) if kind in kinds), _("a value of another type"))
    return _("{name} {given} is not accepted: it must be {wanted}.").format(name=name, given=given, wanted=wanted)


def _within(kind: Any) -> Iterator[Any]:
    """A type, and those of a union or an annotation within it."""
    if isinstance(kind, type):
        yield kind
    for inner in get_args(kind):
        yield from _within(inner)
