"""One language for what a path tells: `{identity}/{camera}/*`, `*/{class}/*`, `{class}_*`, `{identity}_c{camera}s*`.

`{name}` is a part of one folder's or file's name, `*` any characters in it, `**` any folders, and `/*` at the end
whatever follows. A pattern with `/` is compared with the path below the data (or below its split folder), one without
with the file's name alone; an image's suffix counts only where the pattern has one too.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atalho.data.layouts.scan import is_image_name
from atalho.errors import ConfigError, DataError, nearest
from atalho.text import Text

FIELDS: Final = ("identity", "camera", "class", "group", "split")
_TOKEN: Final = re.compile(r"(\{[^{}]*\}|\*\*/|\*\*|\*|\?)")
_WILD: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*?", "?": "[^/]"}


@dataclass(frozen=True)
class PathPatterns:
    """What was asked of the names of images, as `config.DataConfig` holds it; None where nothing was."""

    identity: str | None = None
    camera: str = "auto"
    class_: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Pattern:
    """What parts of a path mean; `fields` are those that it names."""

    text: str
    expression: re.Pattern[str]
    fields: frozenset[str]

    def find(self, name: str) -> dict[str, str] | None:
        """The fields of an image's name, which parts its folders with /; None where the pattern does not fit."""
        shown = name if "/" in self.text else name.rpartition("/")[2]
        match = self.expression.fullmatch(shown if is_image_name(self.text) else os.path.splitext(shown)[0])  # noqa: PTH122
        return None if match is None else match.groupdict()


def parse(text: str, setting: str) -> Pattern:
    """The pattern that a setting, such as data.class, was given. Raises ConfigError where it is none, or names no
    field of the setting."""
    field = setting.rpartition(".")[2]
    seen: set[str] = set()
    body, end = (text[:-1], ".+") if text.endswith("/*") else (text, "")
    expression = "".join(_translated(token, seen, text, setting) for token in _TOKEN.split(body)) + end
    braced = "{" + field + "}"
    if field not in seen:
        raise ConfigError(
            "{setting} = {given!r} is not a pattern with {field} in it. Examples: {first}, {second}",
            setting=setting,
            given=text,
            field=braced,
            first=braced + "/*",
            second=braced + "_*",
        )
    return Pattern(text, re.compile(expression), frozenset(seen))


def _translated(token: str, seen: set[str], text: str, setting: str) -> str:
    if not token.startswith("{"):
        return _WILD.get(token) or re.escape(token)
    name = token[1:-1]
    if name not in FIELDS:
        raise ConfigError(
            "{setting} = {given!r}: a pattern has no {name}. {hint}",
            setting=setting,
            given=text,
            name=token,
            hint=nearest(name, FIELDS),
        )
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    return f"(?P<{name}>[^/]+?)"


def unfitting(pattern: Pattern, names: Sequence[str]) -> Text:
    """What is said of images that a pattern does not fit."""
    text = Text("the pattern {pattern} does not fit {count} images, such as {name}: left out")
    return text.format(pattern=pattern.text, count=len(names), name=names[0])


def groups(root: Path, names: Sequence[str], pattern: str) -> list[str]:
    """The group of each image. Raises DataError where the pattern does not fit one."""
    parsed = parse(pattern, "data.group")
    found = [parsed.find(name) for name in names]
    if None in found:
        text = Text("{path}: the pattern {pattern} of data.group does not fit {name}.")
        raise DataError(text.format(path=root, pattern=pattern, name=names[found.index(None)]))
    return [fields["group"] for fields in found if fields is not None]
