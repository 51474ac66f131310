"""The Portuguese catalogue holds exactly the texts of the source, translated, with the same fields."""

import ast
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import atalho
from atalho import errors
from atalho.cli import help, terminal
from atalho.entries import entries
from atalho.report import background
from atalho.runs import finish
from atalho.text import catalogue

_SOURCE = Path(atalho.__file__).parent
_ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
_MARKS = {"_", "N_", "Text", *_ERRORS}
_FOLDER = _SOURCE / "text" / "pt_BR" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def portuguese() -> Catalog:
    with (_FOLDER / "atalho.po").open("rb") as file:
        return read_po(file, locale="pt_BR")


def _texts(catalog: Catalog) -> dict[str | tuple[str, ...], Message]:
    return {
        message.id if isinstance(message.id, str) else tuple(message.id): message for message in catalog if message.id
    }


def _strings(catalog: Catalog) -> dict[str | tuple[str, ...], tuple[str, ...]]:
    """Every translated text with its translations."""
    return {text: _forms(message.string) for text, message in _texts(catalog).items() if all(_forms(message.string))}


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _fields(text: str) -> set[tuple[str, str | None, str | None]]:
    return {(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None}


def test_the_catalogue_has_every_text_of_the_source_and_no_other(portuguese):
    keywords = DEFAULT_KEYWORDS | {
        "N_": None,
        "Text": None,
        "ntext": (1, 2),
        "nwhole": (1, 2),
        **dict.fromkeys(_ERRORS),
    }
    found = {text for _, _, text, *_ in extract_from_dir(_SOURCE, [("**.py", "python")], keywords=keywords)}
    known = set(_texts(portuguese))
    assert (found - known, known - found) == (set(), set()), "run `make messages`, then translate what is new"
    assert not portuguese.obsolete


def test_no_marked_text_is_out_of_the_extractors_sight(portuguese):
    """Inside an f-string, older Pythons' extractors do not look."""
    marked = set()
    for path in _SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS:
                assert not any(isinstance(a, ast.JoinedStr) for a in node.args[:1]), ast.unparse(node)
                marked |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant)}
    assert len(marked) > 300
    assert marked <= set(_texts(portuguese))


def test_no_stored_value_is_translated_as_it_is():
    """A table says which texts it can be; extractors differ in what they make of `_(found["split"])`."""
    for path in _SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS:
                keys = [a.slice for a in node.args if isinstance(a, ast.Subscript)]
                assert not any(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys), path


def test_everything_is_translated_and_nothing_is_a_guess(portuguese):
    texts = _texts(portuguese)
    assert [text for text, message in texts.items() if message.fuzzy] == []
    assert [text for text, message in texts.items() if not all(_forms(message.string))] == []


def test_plurals_have_both_forms(portuguese):
    plurals = [message for message in _texts(portuguese).values() if message.pluralizable]
    assert plurals
    assert all(len(message.string) == portuguese.num_plurals == 2 for message in plurals)


def test_a_translation_has_the_fields_and_the_edges_of_its_text(portuguese):
    for text, strings in _strings(portuguese).items():
        for original, translated in zip(_forms(text), strings, strict=True):
            assert _fields(translated) == _fields(original), original
            assert translated[:1].isspace() == original[:1].isspace(), original
            assert translated.endswith((".", "?", ":")) == original.endswith((".", "?", ":")), original


def test_the_compiled_catalogue_is_up_to_date(portuguese):
    with (_FOLDER / "atalho.mo").open("rb") as file:
        compiled = read_mo(file)
    assert _strings(compiled) == _strings(portuguese), "run `make messages`"


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([entry.meaning for entry in entries()], id="settings"),
        pytest.param(help.SETTINGS.values(), id="sections"),
        pytest.param(terminal._SPLITS.values(), id="splits"),
        pytest.param([*background._FIELDS.values(), *background._SPLITS.values()], id="report"),
        pytest.param(help.PLACEHOLDERS, id="placeholders"),
    ],
)
def test_texts_that_are_looked_up_by_name_are_in_it(texts, portuguese):
    assert set(texts) <= set(_texts(portuguese))


def test_every_split_that_is_measured_on_has_its_text():
    assert set(terminal._SPLITS) == set(finish._MEASURED)


def test_python_reads_it():
    speak = catalogue("pt")
    assert speak.gettext("Calibration") == "Calibração"
    one, many = "{count} image left out: {names}", "{count} images left out: {names}"
    assert [speak.ngettext(one, many, n).split()[2] for n in (0, 1, 2)] == ["ignorada:", "ignorada:", "ignoradas:"]
