"""Values as colours: ends, order, and words that can be read on them."""

import math

import pytest

from atalho.report.drawing.scale import Scale, _luminance


def test_the_ends_and_the_middle() -> None:
    linear, logarithmic = Scale("", 0.0, 10.0), Scale("", 1e-4, 1.0, logarithmic=True)
    assert [linear.share(v) for v in (-1, 0, 5, 10, 99)] == [0, 0, 0.5, 1, 1]
    assert logarithmic.share(1e-2) == pytest.approx(0.5)
    assert logarithmic.share(0.0) == 0.0
    assert logarithmic.ticks() == pytest.approx((1e-4, 1e-2, 1.0))


def test_over_takes_the_finite_values_that_the_scale_can_show() -> None:
    values = {"a": math.nan, "b": 0.0, "c": 2.0, "d": 8.0}
    assert (Scale.over(values, "").low, Scale.over(values, "").high) == (0.0, 8.0)
    assert Scale.over(values, "", logarithmic=True).low == 2.0
    assert Scale.over({}, "").share(1.0) == 0.5


def test_the_colours_get_lighter_and_the_words_stay_readable() -> None:
    scale = Scale("", 0.0, 1.0)
    light = [_luminance(scale.colour(i / 20)) for i in range(21)]
    assert light == sorted(light)
    for i in range(21):
        paint = scale.paint(i / 20)
        assert paint is not None
        one, two = sorted((_luminance(scale.colour(i / 20)), _luminance(paint.ink.removeprefix("fill:"))))
        assert (two + 0.05) / (one + 0.05) >= 3.0


def test_a_value_that_is_no_number_is_not_painted() -> None:
    assert Scale("", 0.0, 1.0).paint(math.nan) is None
    assert Scale("", 0.0, 1.0).paint(None) is None
