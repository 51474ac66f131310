"""The user's language: `_` translates when a text is shown, `use_language` chooses, else the environment does."""

import gettext
import os
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "pt")
_CATALOGUES: Final = {"en": gettext.NullTranslations()}
_chosen: list[str] = []


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
    return catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """`singular` or `plural`, by `n`, in the language in force."""
    return catalogue(language()).ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext tools look for)
    """Mark a text for translation where it is defined; it is translated with `_` where it is shown."""
    return message
