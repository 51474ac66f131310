import math

import pytest

from atalho.report.language import Translator


@pytest.fixture(params=["en", "pt"])
def _(request):
    return Translator(request.param)


def test_numbers_are_written_as_each_language_does():
    en, pt = Translator("en"), Translator("pt")
    assert (en.number(1234.5), pt.number(1234.5)) == ("1,234.50", "1.234,50")
    assert (en.whole(60000), pt.whole(60000)) == ("60,000", "60.000")
    assert (en.percent(0.9325), pt.percent(0.9325)) == ("93.2%", "93,2%")
    assert pt.interval([0.5, 0.625]) == "50,0% – 62,5%"


def test_texts_are_translated_and_the_tag_is_the_browsers():
    assert (Translator("en")("Confusion matrix"), Translator("en").tag) == ("Confusion matrix", "en")
    assert (Translator("pt")("Confusion matrix"), Translator("pt").tag) == ("Matriz de confusão", "pt-BR")


def test_what_is_not_known_is_a_dash(_):
    for missing in (None, math.nan, math.inf):
        assert {_.number(missing), _.percent(missing), _.duration(missing), _.whole(missing)} == {"–"}
    assert _.interval(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.26, "0.3 s"), (48, "48 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"),
        (7500, "2 h 05 min"), (3_600_000, "1,000 h 00 min"),
    ],
)  # fmt: skip
def test_durations_are_said_as_a_person_says_them(seconds, text):
    assert Translator("en").duration(seconds) == text


def test_thousands_are_written_out_and_not_as_powers() -> None:
    assert Translator("en").significant(5151.3) == "5,150" and Translator("pt").significant(5151.3) == "5.150"
    assert Translator("en").significant(0.0015321) == "0.00153"
