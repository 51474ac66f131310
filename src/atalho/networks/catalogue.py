"""The named networks of all families. No torch here, so that lists and help are immediate."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache

from atalho.errors import ConfigError, nearest
from atalho.networks import densenet, mlp, resnet
from atalho.networks.spec import Spec
from atalho.text import Text


def list_models(pattern: str = "*") -> list[str]:
    """The catalogue's names that match a shell pattern, in the catalogue's order.

    Raises ConfigError where nothing matches.
    """
    names = [name for name in _rows() if fnmatchcase(name, pattern)]
    if not names:
        raise ConfigError(
            Text.joined(
                Text("no network of the catalogue matches {given!r}.", given=pattern), nearest(pattern, _rows())
            )
        )
    return names


def spec(name: str) -> Spec:
    """The spec of a named network. Raises ConfigError with the nearest names for an unknown one."""
    row = _rows().get(name) or densenet.named_by_numbers(name)
    if row is None and os.path.isdir(name):  # noqa: PTH112 (no error for a name that is too long)
        raise ConfigError(
            "{path} is a folder, not a network. Start from what a run or model folder has learned with --from {path}.",
            path=name,
        )
    if row is None:
        raise ConfigError(
            Text.joined(
                Text("network {given!r} is not in the catalogue.", given=name),
                nearest(name, _rows()),
                Text("(list them all with `atalho models`)"),
            )
        )
    return row


@cache
def _rows() -> Mapping[str, Spec]:
    return {**resnet.rows(), **densenet.rows(), **mlp.rows()}
