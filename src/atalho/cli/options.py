"""The schema as options: every value of `config.py` is a flag by its path, and only those given come through."""

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, TypedDict, Union, get_args, get_origin

from cyclopts import Group, Parameter

from atalho import config as schema
from atalho.errors import ConfigError, nearest
from atalho.text import N_, Text, _

# In the order of the help page, below the arguments and the short options.
_TITLES = {
    "model": N_("Network"),
    "data": N_("Images"),
    "augment": N_("Variation of the training images"),
    "training": N_("Learning"),
    "reid": N_("Re-identification"),
}


def section(name: str) -> Any:
    """A parameter type for the values of one section, as `--section.value`; what is not given is not there."""
    fields: dict[str, Any] = {}
    for entry in schema.entries():
        owner, _dot, key = entry.path.rpartition(".")
        if owner == name and key not in ("path", "spec"):
            text = _(entry.meaning)
            if entry.default is not None:
                text += " " + _("[default: {value}]").format(value=_plain(entry.default))
            fields[key] = Annotated[
                _parsed(entry.type), Parameter(help=text, show_default=False, consume_multiple=True)
            ]
    kind = TypedDict(name.capitalize(), fields, total=False)  # type: ignore[misc]
    group = Group(_(_TITLES[name]), sort_key=2 + list(_TITLES).index(name))
    return Annotated[kind | None, Parameter(name=f"--{name}", group=group, help="")]


def _parsed(kind: Any) -> Any:
    """The type by which a value is read. Its bounds are left to `config.validate`, which explains them better."""
    if get_origin(kind) is Annotated:
        return _parsed(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return Union[*map(_parsed, get_args(kind))]
    return tuple[float, ...] if get_origin(kind) is tuple else kind


def given(**sections: Mapping[str, Any] | None) -> dict[str, Any]:
    """The nested values that the user gave, ready for `atalho.train(settings=...)`."""
    return {name: dict(values) for name, values in sections.items() if values}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value)


JSON = Annotated[bool, Parameter(help=_("print one JSON object instead of a table"), negative="")]


def command() -> str:
    """The command line as it was given, for the record of a run."""
    return shlex.join(["atalho", *sys.argv[1:]])


def refuse_beside_resume(*given_too: Mapping[str, Any]) -> None:
    """A resumed run keeps its configuration: anything else given with --resume is a mistake."""
    names = [name for group in given_too for name, value in group.items() if value is not None]
    if names:
        raise ConfigError(
            Text("--resume continues a run with its own configuration; leave out: {names}.", names=", ".join(names))
        )


def joined(shortcuts: Mapping[str, tuple[str, Any]], sections: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of both forms of an option, `--epochs` and `--training.epochs`; given both ways is an error."""
    settings = {name: dict(values) for name, values in sections.items()}
    for flag, (path, value) in shortcuts.items():
        section, _dot, key = path.partition(".")
        if value is None:
            continue
        if key in settings.setdefault(section, {}):
            raise ConfigError(
                Text("{flag} and --{path} are the same setting; give one.", flag=flag, path=path.replace("_", "-"))
            )
        settings[section][key] = value
    return settings


def refused(name: str, given: Any, wanted: str) -> ConfigError:
    """The error for an option's value that is out of range."""
    return ConfigError(
        Text("{name} {given} is not accepted: it must be {wanted}.", name=name, given=given, wanted=wanted)
    )


def refuse_without(needed: str, given: Mapping[str, Any]) -> None:
    """Options that mean nothing where the option `needed` is not given."""
    names = [name for name, value in given.items() if value]
    if names:
        raise ConfigError(
            Text("{names} is for {needed}: give that too, or leave it out.", names=", ".join(names), needed=needed)
        )


def refuse_unknown(given: Sequence[str], command: Callable[..., object]) -> None:
    """Words that look like options of a command that takes any word."""
    if given:
        known = [f"--{name.replace('_', '-')}" for name in inspect.signature(command).parameters]
        raise ConfigError(
            Text("There is no option {given}. {nearest}", given=given[0], nearest=nearest(given[0], known))
        )
