"""The user's language: `_` translates when a text is shown, `use_language` chooses, else the environment does."""

import gettext
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "pt")
_CATALOGUES: Final = {"en": gettext.NullTranslations()}
_chosen: list[str] = []


class Message(str):
    """A text in one language that can be told again in another, because it remembers what it was made from.

    `format` and `str` keep that; whatever else is done to it gives a plain str.
    """

    origin: Mapping[str, Any]

    def __str__(self) -> str:
        return self

    def format(self, *values: object, **fields: object) -> str:
        """As `str.format`; values without a name are not remembered."""
        return _made(
            super().format(*values, **fields), {**self.origin, "fields": {k: keep(v) for k, v in fields.items()}}
        )


def _made(text: str, origin: Mapping[str, Any]) -> Message:
    message = Message(text)
    message.origin = origin
    return message


def from_environment() -> str:
    """`pt` where the usual variables (LANGUAGE, LC_ALL, LC_MESSAGES, LANG) ask for Portuguese first, else `en`."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "pt" if value.lower().startswith("pt") else "en"
    return "en"


def language() -> str:
    """The language in force: the one chosen with `use_language`, else the environment's."""
    return _chosen[-1] if _chosen else from_environment()


def use_language(name: str) -> None:
    """Speak `en` or `pt` (also `pt_BR`, `pt-BR`, `en_US`) from now on in this process."""
    short = name.replace("-", "_").split("_")[0].lower()
    if short not in LANGUAGES:
        raise ValueError(_("language {name!r}: accepted are {names}").format(name=name, names=", ".join(LANGUAGES)))
    _chosen[:] = [short]


def catalogue(name: str) -> gettext.NullTranslations:
    """The messages of one language; read once, when first needed."""
    if name not in _CATALOGUES:
        _CATALOGUES[name] = gettext.translation("atalho", Path(__file__).parent, languages=["pt_BR"])
    return _CATALOGUES[name]


def _(message: str) -> str:
    """`message` in the language in force."""
    return _made(catalogue(language()).gettext(message), {"text": message})


def ngettext(singular: str, plural: str, n: int) -> str:
    """`singular` or `plural`, by `n`, in the language in force."""
    origin = {"text": singular, "plural": plural, "n": n}
    return _made(catalogue(language()).ngettext(singular, plural, n), origin)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext tools look for)
    """Mark a text for translation where it is defined; it is translated with `_` where it is shown."""
    return message


def keep(value: object) -> Any:
    """`value` as JSON holds it, so that `tell` can say it in any language; what is no Message is kept as it reads."""
    return {**value.origin} if isinstance(value, Message) else str(value)


def tell(kept: Any, name: str | None = None) -> str:
    """What `keep` gave, in the language `name`, by default the one in force."""
    if not isinstance(kept, Mapping):
        return str(kept)
    messages, text = catalogue(name or language()), kept["text"]
    told = messages.ngettext(text, kept["plural"], kept["n"]) if "plural" in kept else messages.gettext(text)
    fields = {key: tell(value, name) for key, value in kept.get("fields", {}).items()}
    # Not str.format: a text from a file may ask that for anything.
    return _made(re.sub(r"\{(\w+)\}", lambda found: fields.get(found[1], found[0]), told), kept)
