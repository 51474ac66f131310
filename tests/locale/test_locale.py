import copy
import json
import pickle

import pytest

from atalho import locale
from atalho.errors import nearest
from atalho.locale import _, from_environment, language, ngettext, use_language

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def environment(monkeypatch):
    """Nothing chosen, and only the given variables set."""
    monkeypatch.setattr(locale, "_chosen", [])
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
    with pytest.raises(ValueError, match=f"language '{name}': accepted are en, pt"):
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


def test_errors_speak_portuguese():
    use_language("pt")
    assert nearest("resnet19", ["resnet18", "vgg"]) == "Você quis dizer resnet18?"
    assert nearest("x", ["sgd", "adam"]) == "Aceitos: adam, sgd."


def test_a_text_that_was_kept_is_told_in_any_language():
    reason = _("the folder {name} is none of train, val, test: left out").format(name="{x}")
    one, many = "{count} image left out: {names}", "{count} images left out: {names}"
    for text, portuguese in (
        (reason, "a pasta {x} não é train, val nem test: foi ignorada"),
        (ngettext(one, many, 2).format(count=2, names="a"), "2 imagens puladas: a"),
        (_("{path}: {reason}").format(path="a", reason=reason), "a: a pasta {x} não é"),
        ("plain", "plain"),
    ):
        kept = json.loads(json.dumps(locale.keep(text)))
        assert locale.tell(kept) == text
        assert locale.tell(kept, "pt").startswith(portuguese)
        assert locale.keep(locale.tell(kept, "pt")) == kept


def test_an_error_and_a_copy_remember_what_they_say():
    text = _("seed")
    for same in (str(ValueError(text)), copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (same, locale.tell(locale.keep(same), "pt")) == ("seed", "semente")
