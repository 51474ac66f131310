import pytest

from atalho.lab.shared import words
from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.text import Text, speaking


def estimate(name, mean, low, high):
    return Interval(name=name, mean=mean, low=low, high=high)


def result(outcome, left, right, *, order="above", unit="percent"):
    verdict = Verdict((Comparison(Text.verbatim("error"), left, order, right, unit),))
    assert verdict.outcome == outcome
    return verdict


HIGH, LOW = estimate("plain56", 0.712, 0.701, 0.723), estimate("plain20", 0.383, 0.371, 0.395)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            result("supported", HIGH, LOW),
            "error: plain56, 71.2% [70.1%, 72.3%], is above plain20, 38.3% [37.1%, 39.5%]: "
            "the intervals do not overlap.",
        ),
        (
            result("not supported", LOW, HIGH),
            "error: plain20, 38.3% [37.1%, 39.5%], is below plain56, 71.2% [70.1%, 72.3%]: "
            "the intervals do not overlap, but the claim says the opposite.",
        ),
        (
            result("not enough evidence", HIGH, estimate("plain20", 0.7, None, None)),
            "error: plain56, 71.2% [70.1%, 72.3%], and plain20, 70.0% (no interval): "
            "there are too few measurements for an interval, so the order may be due to chance.",
        ),
        (
            result("not enough evidence", HIGH, estimate("plain20", 0.7, 0.6, 0.8)),
            "error: plain56, 71.2% [70.1%, 72.3%], and plain20, 70.0% [60.0%, 80.0%]: "
            "the intervals overlap, so the order may be due to chance.",
        ),
        (
            result("supported", estimate("a", 0, 0, 0), estimate("b", 0, 0, 0), order="equal", unit="number"),
            "A exactly equals b (error: 0).",
        ),
        (
            result("not supported", estimate("a", 2, 2, 2), estimate("b", 0, 0, 0), order="equal", unit="number"),
            "A does not equal b (error: 2.00).",
        ),
        (
            result("supported", estimate("a", 2, 2, 2), estimate("b", 1, 1, 1), unit="number"),
            "error: a, 2.00, is above b, 1.00: both numbers are exact.",
        ),
        (
            result("not supported", estimate("a", 1, 1, 1), estimate("b", 2, 2, 2), unit="number"),
            "error: a, 1.00, is below b, 2.00: both numbers are exact, but the claim says the opposite.",
        ),
    ],
)
def test_the_sentence_is_built_from_the_figures(found, sentence):
    assert words.sentences(found) == [sentence]


def test_an_unfinished_experiment_says_so():
    found = result("not enough evidence", HIGH, estimate("plain20", 0.7, 0.6, 0.8))
    assert words.headline(found, ["c", "d"]) == (
        "There is not enough evidence. The experiment is unfinished; measurements left: 2."
    )
    assert words.headline(result("supported", HIGH, LOW), []) == "The claim is supported."


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.3541, "percent", "35,4%"),
        (12345.6, "number", "12.346"),
        (12.34, "number", "12,3"),
        (0.25, "number", "0,25"),
        (0.0123, "number", "0,0123"),
        (0.0, "number", "0"),
        (1.5e-7, "number", "1,5e-07"),
    ],
)
def test_amounts_in_portuguese(value, unit, text):
    assert speaking("pt")(words.amount)(value, unit) == text
