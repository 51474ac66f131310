"""What the parser found wrong, in our own words: what was given, what is accepted, what to do."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, get_args

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError
from cyclopts.exceptions import RepeatArgumentError

from atalho.cli import help
from atalho.errors import nearest
from atalho.text import _


def explain(error: CycloptsError) -> str:
    """One clear message for an error of the parser."""
    if isinstance(error, UnknownOptionError):
        given = error.token.keyword or error.token.value
        known = chain.from_iterable(argument.names for argument in error.argument_collection if argument.parse)
        return _("Unknown option {given}. {nearest}").format(given=given, nearest=_closest(given, known))
    if isinstance(error, UnknownCommandError):
        given = (error.unused_tokens or [""])[0]
        commands = [name for name in (error.app or ()) if not name.startswith("-")]
        return _("Unknown command {given}. {nearest}").format(given=given, nearest=nearest(given, commands))
    if isinstance(error, MissingArgumentError):
        return _missing(error)
    if isinstance(error, CoercionError):
        return _coercion(error)
    if isinstance(error, RepeatArgumentError):
        return _repeated(error)
    if error.unused_tokens:
        return _("Unexpected argument: {given}. See --help.").format(given=" ".join(error.unused_tokens))
    return str(error)


def _missing(error: MissingArgumentError) -> str:
    """An argument that was not given, or an option without its value, with what it is for."""
    argument = error.argument
    if argument is None or not argument.parameter.help:
        return str(error)
    name, meaning = error.keyword or help.placeholders(argument.name), _(argument.parameter.help)
    if error.keyword:
        return _("{name} needs a value ({meaning}). See --help.").format(name=name, meaning=meaning)
    return _("{name} is missing ({meaning}). Add it, or see --help.").format(name=name, meaning=meaning)


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


def _closest(given: str, known: Iterable[str]) -> str:
    """The nearest options; the whole list would be too long to help."""
    import difflib

    flags = sorted({name for name in known if name.startswith("--")})
    close = difflib.get_close_matches(given.split("=")[0], flags, n=2)
    return str(nearest(given.split("=")[0], close)) if close else _("See --help.")
