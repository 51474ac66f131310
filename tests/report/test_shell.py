import base64
import hashlib
import html
import re

import pytest

from atalho.report import shell
from atalho.report.markup import Html, el
from atalho.text import speaking
from atalho.text.numbers import number


def test_a_page_holds_its_article_in_both_languages_and_nothing_from_outside():
    text = shell.page("a < b", lambda: el("p", number(1234.5, 1)), library=Html("<svg></svg>"))
    assert '<main lang="en"><p>1,234.5</p></main>' in text
    assert '<main lang="pt-BR"><p>1.234,5</p></main>' in text
    assert "<title>a &lt; b</title>" in text
    assert text.index("<svg></svg>") < text.index("<main")
    assert not re.search(r"(src|href)=", text)


def test_only_its_own_script_may_run():
    text = shell.page("", lambda: Html())
    script = text[text.index("<script>") + len("<script>") : text.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(text)


@pytest.mark.parametrize(("initial", "tag"), [("en", "en"), ("pt", "pt-BR")])
def test_the_language_to_begin_with(initial, tag):
    text = speaking(initial)(shell.page)("", lambda: Html())
    assert f'<html lang="{tag}">' in text
    assert text.count(" checked") == 1
    assert f'id="language-{initial}" value="{tag}" checked' in text
