import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import atalho.text
from atalho.errors import ConfigError, nearest
from atalho.text import Text, _, from_environment, language, ngettext, ntext, speaking, told, use_language

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def environment(monkeypatch):
    """Nothing chosen, and only the given variables set."""
    monkeypatch.setattr(atalho.text, "_chosen", [])
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.parametrize("place", range(4))
def test_each_variable_is_heard_and_an_earlier_one_wins(place, environment):
    environment(**{_VARIABLES[place]: "pt_BR.UTF-8"})
    assert from_environment() == language() == "pt"
    environment(**dict.fromkeys(_VARIABLES[place + 1 :], "en_US.UTF-8"))
    assert from_environment() == "pt"
    environment(**dict.fromkeys(_VARIABLES[:place], "de_DE.UTF-8"))
    assert from_environment() == ("en" if place else "pt")


def test_an_empty_variable_says_nothing(environment):
    assert from_environment() == "en"
    environment(LANGUAGE="", LC_ALL="", LANG="pt_BR.UTF-8")
    assert from_environment() == "pt"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("pt", "pt"), ("pt_BR", "pt"), ("pt-BR", "pt"), ("pt_PT.UTF-8", "pt"), ("PT_br", "pt"), ("pt:en", "pt"),
     ("en:pt", "en"), ("C", "en"), ("C.UTF-8", "en"), ("POSIX", "en"), ("es_ES", "en")],
)  # fmt: skip
def test_the_first_language_asked_for_decides(value, expected, environment):
    environment(LANGUAGE=value)
    assert from_environment() == expected


@pytest.mark.parametrize("name", ["pt", "pt_BR", "pt-BR", "pt_PT", "PT"])
def test_portuguese_by_any_of_its_names(name):
    use_language(name)
    assert (language(), _("seed")) == ("pt", "semente")


def test_a_choice_wins_over_the_environment_and_the_last_one_counts(environment):
    environment(LANGUAGE="pt_BR")
    assert _("seed") == "semente"
    use_language("en_US")
    assert _("seed") == "seed"
    use_language("pt")
    assert _("seed") == "semente"


@pytest.mark.parametrize("name", ["de", "", "portuguese", "ptBR", "e n"])
def test_an_unknown_language_is_refused_and_changes_nothing(name):
    with pytest.raises(ValueError, match=f"unknown language '{name}'; accepted: en, pt"):
        use_language(name)
    assert language() == "en"


def test_plurals_follow_the_language():
    one, many = "{count} image left out: {names}", "{count} images left out: {names}"
    assert [ngettext(one, many, n) == many for n in (0, 1, 2)] == [True, False, True]
    use_language("pt")  # where nought is singular
    assert [ngettext(one, many, n).startswith("{count} imagens") for n in (0, 1, 2)] == [False, False, True]


def test_what_is_not_in_the_catalogue_stays_as_it_is():
    use_language("pt")
    assert _("qwerty") == "qwerty"


def test_errors_speak_the_language_in_which_they_are_shown():
    error = ConfigError(nearest("resnet19", ["resnet18", "vgg"]))
    assert [speaking(name)(str)(error) for name in ("en", "pt")] == [
        "Did you mean resnet18?",
        "Você quis dizer resnet18?",
    ]
    assert speaking("pt")(str)(nearest("x", ["sgd", "adam"])) == "Aceitos: adam, sgd."


def test_a_block_speaks_its_language_whatever_the_process_and_other_threads_speak():
    use_language("en")
    with speaking("pt_BR"), ThreadPoolExecutor(1) as threads:
        assert (language(), _("seed"), threads.submit(_, "seed").result()) == ("pt", "semente", "seed")
        with speaking("en"):
            assert _("seed") == "seed"
    assert language() == "en"
    with pytest.raises(ValueError, match="accepted: en, pt"), speaking("fr"):
        pass


ONE, MANY = "{count} image left out: {names}", "{count} images left out: {names}"
LEFT_OUT = Text("the folder {name} is none of train, val, test: left out", name="{x}")


@pytest.mark.parametrize(
    ("text", "english", "portuguese"),
    [
        (LEFT_OUT, "the folder {x} is none", "a pasta {x} não é train, val nem test: ignorada"),
        (ntext(ONE, MANY, 2, count=2, names="a"), "2 images left out: a", "2 imagens ignoradas: a"),
        (ntext(ONE, MANY, 1).format(count=1, names="a"), "1 image left", "1 imagem ignorada: a"),
        (Text("{path}: {reason}", path="a", reason=LEFT_OUT), "a: the folder {x}", "a: a pasta {x} não é"),
        (Text.verbatim("plain {words}"), "plain {words}", "plain {words}"),
        (Text.joined(Text("seed"), "x", by=", "), "seed, x", "semente, x"),
        (Text("{split} {images:,}", split="train", images=12000), "train 12,000", "train 12.000"),
    ],
)
def test_a_text_is_said_in_any_language_also_after_it_was_kept(text, english, portuguese):
    kept = json.loads(json.dumps(text.to_json()))
    assert str(text).startswith(english) and told(kept) == str(text)
    with speaking("pt"):
        assert str(text).startswith(portuguese) and told(kept) == str(text)
    assert Text.from_json(kept).to_json() == kept
    for same in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert same == text and hash(same) == hash(text)


def test_fields_are_written_as_format_writes_them_and_nothing_else_is_done_for_them():
    text = Text("{given!r} {share:.1f} {word:>5} {missing} {word.__class__} {n:,} {empty}")
    text = text.format(given="a", share=0.25, word="b", n=999)
    assert str(text.format(empty="")) == "'a' 0.2     b {missing} {word.__class__} 999"


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    assert str(Text("{path} is bad", path=Path("a\nb\x1b"))) == "a\\nb\\x1b is bad"
    assert str(Text.joined(Text("{path}", path="a"), Text("b"), by="\n")) == "a\nb"
    assert Text("{path}", path="a\nb").to_json()["fields"] == {"path": "a\nb"}
