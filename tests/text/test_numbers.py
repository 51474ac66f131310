import math

import pytest

from atalho.text import speaking
from atalho.text.numbers import between, duration, interval, number, nwhole, percent, significant, size, whole


def both(write, *values):
    return tuple(speaking(name)(write)(*values) for name in ("en", "pt"))


def test_numbers_are_written_as_each_language_does():
    assert both(number, 1234.5) == ("1,234.50", "1.234,50")
    assert both(whole, 60000) == ("60,000", "60.000")
    assert both(percent, 0.9325) == ("93.2%", "93,2%")
    assert both(interval, [0.5, 0.625]) == ("[50.0%, 62.5%]", "[50,0%; 62,5%]")
    assert both(between, "1", "2") == ("[1, 2]", "[1; 2]")
    assert both(size, 1.3 * 2**30) == ("1.3 GB", "1,3 GB") and both(size, 2**24) == ("16 MB", "16 MB")
    assert both(nwhole, "1 layer", "{n} layers", 2000) == ("2,000 layers", "2.000 layers")


@pytest.mark.parametrize("name", ["en", "pt"])
def test_what_is_not_known_is_a_dash(name):
    with speaking(name):
        for missing in (None, math.nan, math.inf):
            assert {number(missing), percent(missing), duration(missing), whole(missing)} == {"–"}
        assert interval(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.26, "0.3 s"), (48, "48 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3600, "1 h 00 min"),
        (7500, "2 h 05 min"), (3_600_000, "1,000 h 00 min"),
    ],
)  # fmt: skip
def test_durations_are_said_as_a_person_says_them(seconds, text):
    assert duration(seconds) == text


def test_thousands_are_written_out_and_small_numbers_have_a_comma_in_portuguese():
    assert both(significant, 5151.3) == ("5,150", "5.150")
    assert both(significant, 0.0015321) == ("0.00153", "0,00153")
    assert both(significant, 1.23e-7) == ("1.23e-07", "1,23e-07")
