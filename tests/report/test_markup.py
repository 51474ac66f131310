from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from atalho.report.markup import Html, clean, el, join


class Reader(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.tags = "", []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@given(st.text(), st.text())
def test_whatever_the_text_is_a_browser_reads_that_text_and_no_tag(text, attribute):
    reader = Reader(el("p", text, title=attribute))
    assert reader.tags == [("p", {"title": clean(attribute)})]
    assert reader.text == clean(text)


def test_markup_goes_in_as_it_is_and_none_is_left_out():
    assert el("div", el("b", "<"), None, ["&", Html("<br>")]) == "<div><b>&lt;</b>&amp;<br></div>"
    assert join(["a", None, "b"]) == "ab"


def test_attributes_have_the_names_of_html():
    assert el("input", class_="a", data_sort="x", checked=True, hidden=False, id=None) == (
        '<input class="a" data-sort="x" checked>'
    )


def test_characters_that_no_document_may_hold_are_seen():
    assert clean("a\x00b\x1b\ud800c\n") == "a\ufffdb\ufffd\ufffdc\n"
    el("p", "\udcff").encode()
