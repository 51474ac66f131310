"""What every page is in: one file that holds everything, in both languages, and needs nothing from anywhere."""

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from atalho.report.markup import Html, el
from atalho.text import LANGUAGES, language, language_tag, speaking

_LANGUAGE_NAMES: Final = {"en": "English", "pt": "Português"}


def page(title: str, article: Callable[[], Html], *, library: Html | None = None) -> str:
    """A whole page: `article` in each language, shown first in the one in force where the browser asks for neither.

    `library` holds what both languages show, such as pictures that they use by reference.
    """
    resources = files("atalho.report")
    css = resources.joinpath("page.css").read_text(encoding="utf-8")
    script = resources.joinpath("page.js").read_text(encoding="utf-8")
    labels = [el("label", name, for_=f"language-{code}") for code, name in _LANGUAGE_NAMES.items()]
    switches, articles = [], []
    for code in LANGUAGES:
        first = code == language()
        with speaking(code):
            switches.append(_switch(checked=first))
            articles.append(el("main", article(), lang=language_tag()))
    body = el(
        "body",
        library,
        el("nav", switches, labels, class_="languages", aria_label=" · ".join(_LANGUAGE_NAMES.values())),
        articles,
        el("script", Html(script)),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("style", Html(css)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang=language_tag())}\n"


def _policy(script: str) -> str:
    """Nothing from outside, and no script but the page's own, known by its hash."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _switch(*, checked: bool) -> Html:
    """What the style looks at to show one language; it works without the script too."""
    return el(
        "input", type="radio", name="language", id=f"language-{language()}", value=language_tag(), checked=checked
    )
