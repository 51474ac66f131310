"""The schema as options: every value of `config.py` is a flag by its path, and only those given come through."""

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypedDict, Union, get_args, get_origin

from cyclopts import App, Group, Parameter, Token, UnknownOptionError, convert

from atalho import limits
from atalho.cli import help
from atalho.entries import Entry, entries
from atalho.errors import ConfigError
from atalho.json_values import JsonObject, JsonValue
from atalho.settings import merge, nest
from atalho.text import N_, _
from atalho.training.recipe import DECIDED

SHORT: Final = {
    "model.name": "--model",
    "model.start": "--from",
    "data.skip_bad": "--skip-bad",
    "data.fix_leaks": "--fix-leaks",
    "training.recipe": "--recipe",
    "training.epochs": "--epochs",
    "training.minutes": "--minutes",
    "training.batch_size": "--batch-size",
    "training.memory": "--memory",
    "training.seed": "--seed",
    "reid.protocol": "--protocol",
    "task": "--task",
}
"""The values that `atalho train` takes, and shows, under a short name; their paths are accepted too."""


def _whole(kind: Any, tokens: Sequence[Token]) -> Any:
    """As the parser reads a whole number, but 1.5 is none: the parser rounds it."""
    given = tokens[0].value
    if "." in given and not float(given).is_integer():
        raise ValueError(given)
    return convert(kind, tokens)


Whole = Annotated[int, Parameter(converter=_whole)]
"""The type of an option that is a whole number."""


RARE: Final = Group(help.RARE, sort_key=2)
"""Options that few need, which `--help` leaves to `--help-all`."""


def value(path: str, text: str | None = None, *, rare: bool = False) -> Parameter:
    """A value of the schema under its short name; the parser takes its path for the same, and help does not show it.

    `text` is told instead of what the schema says. What the value is when it is not given, is told too. Few need it
    where it is `rare`.
    """
    entry = _entries()[path]
    # The path first: the parser takes --model.name for a part of --model otherwise.
    names = [flag(path), SHORT[path]]
    owner, _dot, key = path.rpartition(".")
    parameter = Parameter(
        name=list(dict.fromkeys(names)),
        help=text or entry.meaning,
        show_default=_shown(entry),
        negative=f"--{owner}.no-{key.replace('_', '-')}" if isinstance(entry.default, bool) else "",
    )
    return Parameter.combine(parameter, Parameter(group=RARE)) if rare else parameter


def flag(path: str) -> str:
    """The option that is named by the path of a value."""
    return f"--{path.replace('_', '-')}"


def section(name: str, *, apart: Iterable[str] = ()) -> Any:
    """A parameter type for the values of one section, as `--section.value`, but for those `apart`.

    What is not given is not there.
    """
    fields: dict[str, Any] = {}
    for path, entry in _entries().items():
        owner, _dot, key = path.rpartition(".")
        if owner == name and path not in ("data.path", "model.spec", "training.measured", *apart):
            about = Parameter(name=flag(path), help=entry.meaning, show_default=_shown(entry), consume_multiple=True)
            fields[key] = Annotated[_parsed(entry.type), about]
    kind = TypedDict(name.capitalize(), fields, total=False)  # type: ignore[misc]
    group = Group(help.SETTINGS[name], sort_key=3 + list(help.SETTINGS).index(name))
    # Whole names above: `--data 64` would set the first value of a parameter that is called --data.
    return Annotated[kind | None, Parameter(name="*", group=group, help="")]


@cache
def _entries() -> dict[str, Entry]:
    return {entry.path: entry for entry in entries()}


def _shown(entry: Entry) -> str | bool:
    """The default as help tells it: that of the schema, unless the recipe or `--from` decides."""
    if entry.path == "training.recipe":
        return help.RECIPE
    if entry.path in DECIDED:
        return help.BY_RECIPE
    return False if entry.default is None else _plain(entry.default)


def _parsed(kind: Any) -> Any:
    """The type by which a value is read. Its bounds are left to `settings.validate`, which explains them better."""
    if get_origin(kind) is Annotated:
        return _parsed(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return Union[*map(_parsed, get_args(kind))]
    if kind is int:
        return Whole
    return tuple[float, ...] if get_origin(kind) is tuple else kind


def given(values: Mapping[str, JsonValue], **sections: Mapping[str, JsonValue] | None) -> JsonObject:
    """The nested values that the user gave, by path and in sections, ready for `atalho.train(settings=...)`."""
    return merge(
        {name: values for name, values in sections.items() if values},
        nest({path: value for path, value in values.items() if value is not None}),
    )


def short(values: Mapping[str, JsonValue]) -> JsonObject:
    """`values`, by path, under the flags that help shows for them."""
    return {SHORT[path]: value for path, value in values.items()}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return help.YES if value else help.NO
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value)


Images = Annotated[
    str,
    # For the lone dash; `named` refuses other words that begin with one.
    Parameter(
        help=N_("files, folders, globs, or - for a list on standard input"), allow_leading_hyphen=True, required=True
    ),
]
Numbers = Annotated[
    Literal["fp32", "bf16"],
    Parameter(help=N_("what the network computes in; bf16 is faster where the hardware supports it")),
]
JSON = Annotated[bool, Parameter(help=N_("print a JSON object instead of a table"), negative="")]


def command() -> str:
    """The command line as it was given, for the record of a run."""
    return shlex.join(["atalho", *sys.argv[1:]])


def refuse_beside_resume(*given_too: Mapping[str, Any]) -> None:
    """A resumed run keeps its configuration: anything else given with --resume is a mistake."""
    names = [name for group in given_too for name, value in group.items() if value is not None]
    if names:
        raise ConfigError("--resume continues a run with its own settings. Remove: {names}.", names=", ".join(names))


def refused(name: str, given: Any, wanted: str) -> ConfigError:
    """The error for an option's value that is out of range."""
    return ConfigError("{name} {given} is not accepted: it must be {wanted}.", name=name, given=given, wanted=wanted)


def refuse_without(needed: str, given: Mapping[str, Any]) -> None:
    """Options that mean nothing where the option `needed` is not given."""
    names = [name for name, value in given.items() if value]
    if names:
        raise ConfigError(
            "{names} only works with {needed}: give both or neither.", names=", ".join(names), needed=needed
        )


def named(images: Sequence[str], command: Callable[..., object]) -> list[str]:
    """What `images` of a command name, with the lines of standard input in place of a dash."""
    for image in images:
        if image.startswith("-") and image != "-":
            _refuse_unknown(image, command)
    listed = _listed() if "-" in images else []
    return [path for image in images for path in (listed if image == "-" else [image])]


def _listed() -> list[str]:
    """The names on standard input, one a line."""
    try:
        return [line.rstrip("\r\n").removeprefix("\ufeff") for line in limits.lines(sys.stdin) if line.strip()]
    except ValueError as error:
        raise ConfigError("Cannot read {path}: {reason}", path=_("standard input"), reason=error) from error


def _refuse_unknown(given: str, command: Callable[..., object]) -> None:
    """A word that looks like an option, of a command whose images may begin with a dash, as the parser refuses it."""
    app = App(default_command=command)
    error = UnknownOptionError(token=Token(keyword=given), argument_collection=app.assemble_argument_collection())
    error.app, error.command_chain = app, (command.__name__,)
    raise error
