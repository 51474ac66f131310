"""What Atalho says, in the reader's language.

`_` says a text now, in the language in force. A `Text` is a text that is said later, or more than once, perhaps in
several languages: errors, what a run remembers, what a doctor found. `speaking` puts a language in force for a block
of code (each thread and task has its own), `use_language` for the whole process; else the environment decides.
"""

import gettext
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

LANGUAGES: Final = ("en", "pt")
_TAGS: Final = {"en": "en", "pt": "pt-BR"}
_CATALOGUES: Final = {"en": gettext.NullTranslations()}
_speaking: Final[ContextVar[str | None]] = ContextVar("language", default=None)
_chosen: list[str] = []
_FIELD: Final = re.compile(r"\{(?P<name>\w+)(?:!(?P<conversion>r))?(?::(?P<spec>[^{}]*))?\}")
_VERBATIM: Final = "{words}"
_BY_LINES: Final = re.compile(r"words|part\d+|list")
"""Fields that may hold several lines: each is made visible before."""
_DIRECTIONS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Characters that turn what follows them around, which shows a name as another one."""


def from_environment() -> str:
    """`pt` where the usual variables (LANGUAGE, LC_ALL, LC_MESSAGES, LANG) ask for Portuguese first, else `en`."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "pt" if value.lower().startswith("pt") else "en"
    return "en"


def language() -> str:
    """The language in force: of the block (`speaking`), of the process (`use_language`), or the environment's."""
    return _speaking.get() or (_chosen[-1] if _chosen else from_environment())


def language_tag() -> str:
    """The language in force as HTML names it: `en` or `pt-BR`."""
    return _TAGS[language()]


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Put `en` or `pt` (also `pt_BR`, `pt-BR`, `en_US`) in force for a block. Raises ValueError for another."""
    token = _speaking.set(_short(name))
    try:
        yield
    finally:
        _speaking.reset(token)


def use_language(name: str) -> None:
    """Put `en` or `pt` in force for this process, in every thread. Raises ValueError for another language."""
    _chosen[:] = [_short(name)]


def _short(name: str) -> str:
    short = name.replace("-", "_").split("_")[0].lower()
    if short not in LANGUAGES:
        raise ValueError(
            str(Text("unknown language {name!r}; accepted: {names}", name=name, names=", ".join(LANGUAGES)))
        )
    return short


def catalogue(name: str) -> gettext.NullTranslations:
    """The messages of one language; read once, when first needed."""
    if name not in _CATALOGUES:
        _CATALOGUES[name] = gettext.translation("atalho", Path(__file__).parent, languages=["pt_BR"])
    return _CATALOGUES[name]


def _(message: str) -> str:
    """`message` in the language in force."""
    return catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """`singular` or `plural`, by `n`, in the language in force."""
    return catalogue(language()).ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext tools look for)
    """Mark a text for translation where it is defined; it is translated with `_` or `Text` where it is used."""
    return message


@dataclass(frozen=True, slots=True, init=False)
class Text:
    """A text to be said: its English words are the key of the catalogue, `fields` are put into it when it is said.

    `str(text)` says it in the language in force. Fields may be texts themselves. A `plural` goes with the `count` that
    chooses between the two forms.
    """

    key: str
    fields: tuple[tuple[str, object], ...]
    plural: str | None
    count: int

    def __init__(self, key: str, /, **fields: object) -> None:
        self._fill(key, fields)

    @classmethod
    def verbatim(cls, words: str) -> Self:
        """Words that are the same in every language, such as a file's name or those of another program."""
        return cls(_VERBATIM, words=words)

    @classmethod
    def joined(cls, *texts: "Text | str", by: str = " ") -> Self:
        """Several texts as one."""
        fields = {f"part{place}": text for place, text in enumerate(texts)}
        return cls(by.join(f"{{{name}}}" for name in fields), **fields)

    def format(self, **fields: object) -> Self:
        """The same text with these fields too."""
        text = self.__class__.__new__(self.__class__)
        return text._fill(self.key, dict(self.fields) | fields, self.plural, self.count)

    def _fill(self, key: str, fields: Mapping[str, object], plural: str | None = None, count: int = 1) -> Self:
        for name, value in (("key", key), ("fields", tuple(fields.items())), ("plural", plural), ("count", count)):
            object.__setattr__(self, name, value)
        return self

    def __str__(self) -> str:
        words = _(self.key) if self.plural is None else ngettext(self.key, self.plural, self.count)
        fields = dict(self.fields)
        # Not str.format: a text that came from a file may ask that for anything.
        # A hint that is empty leaves no blank at the end.
        return _FIELD.sub(lambda match: _filled(match, fields), words).rstrip(" ")

    def to_json(self) -> Any:
        """As files hold it: `text` (in English), `fields`, and with a plural `plural` and `n`; verbatim, the words."""
        fields = {name: value.to_json() if isinstance(value, Text) else str(value) for name, value in self.fields}
        if self.key == _VERBATIM:
            return fields["words"]
        counted = {} if self.plural is None else {"plural": self.plural, "n": self.count}
        return {"text": self.key, **counted} | ({"fields": fields} if fields else {})

    @classmethod
    def from_json(cls, kept: Any) -> Self:
        """What `to_json` wrote."""
        if not isinstance(kept, Mapping):
            return cls.verbatim(str(kept))
        fields = {str(name): cls.from_json(value) for name, value in dict(kept.get("fields", {})).items()}
        plural = str(kept["plural"]) if "plural" in kept else None
        return cls.__new__(cls)._fill(str(kept["text"]), fields, plural, int(kept.get("n", 1)))


def visible(text: str, *, but: str = "") -> str:
    """`text` with escapes for what would steer the terminal, such as a line break in a file's name; not for `but`."""
    return "".join(
        character.encode("unicode_escape").decode() if character not in but and steers(character) else character
        for character in text
    )


def steers(character: str) -> bool:
    """Whether a character is a command to what shows it."""
    return unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in _DIRECTIONS


def ntext(one: str, many: str, count: int, /, **fields: object) -> Text:
    """A text with a form for one and a form for many, chosen by `count` in the language in which it is said."""
    return Text.from_json({"text": one, "plural": many, "n": count}).format(**fields)


def told(kept: Any) -> str:
    """A text that a file keeps (`Text.to_json`), in the language in force."""
    return str(Text.from_json(kept))


def _filled(match: re.Match[str], fields: Mapping[str, object]) -> str:
    """What stands in the place of a field: its value as `str.format` writes it; an unknown field stays as it is.

    `{count:,}` is a count, with its thousands parted as the language in force does.
    """
    if match["name"] not in fields:
        return match[0]
    value = fields[match["name"]]
    if isinstance(value, (str, os.PathLike)) and not _BY_LINES.fullmatch(match["name"]):
        # A line break in a file's name must not look like a line of ours.
        value = visible(os.fspath(value)) if not match["conversion"] else value
    if match["spec"] == "," and str(value).isdecimal():  # a count; one that a file kept is a text
        return f"{int(str(value)):,}".replace(",", "." if language() == "pt" else ",")
    if match["conversion"]:
        return format(repr(value), match["spec"] or "")
    return format(value, match["spec"]) if match["spec"] else str(value)
