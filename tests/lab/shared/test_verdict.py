import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalho.lab.shared.verdict import Comparison, Interval, Verdict
from atalho.metrics.intervals import t_interval
from atalho.stored import from_json, to_json
from atalho.text import Text


def comparison(left, order, right):
    left, right = (
        Interval(name=name, mean=mean, low=low, high=high) for name, (mean, low, high) in (("a", left), ("b", right))
    )
    return Comparison("error", left, order, right)


@pytest.mark.parametrize(
    ("left", "order", "right", "outcome"),
    [
        ((0.7, 0.6, 0.8), "above", (0.3, 0.2, 0.4), "supported"),
        ((0.7, 0.6, 0.8), "below", (0.3, 0.2, 0.4), "not supported"),
        ((0.3, 0.2, 0.4), "below", (0.7, 0.6, 0.8), "supported"),
        ((0.3, 0.2, 0.4), "above", (0.7, 0.6, 0.8), "not supported"),
        ((0.5, 0.3, 0.7), "above", (0.4, 0.2, 0.6), "not enough evidence"),
        ((0.5, 0.4, 0.6), "above", (0.3, 0.2, 0.4), "not enough evidence"),
        ((0, 0, 0), "equal", (0, 0, 0), "supported"),
        ((1, 1, 1), "equal", (0, 0, 0), "not supported"),
        ((0.5, 0.3, 0.7), "equal", (0.4, 0.2, 0.6), "not enough evidence"),
    ],
)
def test_a_comparison_is_decided_by_intervals_that_do_not_overlap(left, order, right, outcome):
    assert comparison(left, order, right).outcome == outcome


numbers = st.floats(-1e6, 1e6)


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_above_one_way_is_below_the_other_way(left, right):
    left, right = (tuple(sorted(ends)[place] for place in (1, 0, 2)) for ends in (left, right))
    assert comparison(left, "above", right).outcome == comparison(right, "below", left).outcome


def test_a_claim_needs_all_its_comparisons_and_falls_with_one():
    yes = comparison((2, 2, 2), "above", (1, 1, 1))
    no = comparison((1, 1, 1), "above", (2, 2, 2))
    open_ = comparison((2, 0, 4), "above", (1, 0, 3))
    assert Verdict((yes, yes)).outcome == "supported"
    assert Verdict((yes, open_)).outcome == "not enough evidence"
    assert Verdict((yes, open_, no)).outcome == "not supported"
    assert Verdict(()).outcome == "not enough evidence"


def test_over_seeds_the_interval_is_students_and_one_seed_proves_nothing():
    three = Interval.over_seeds([0.7, 0.72, 0.69])
    assert (three.mean, three.low, three.high) == t_interval([0.7, 0.72, 0.69])
    one = Interval.over_seeds([0.7], "plain56")
    assert to_json(one) == {"name": "plain56", "mean": 0.7, "low": None, "high": None}
    assert Comparison("error", one, "above", Interval.exact("b", 0.1)).outcome == "not enough evidence"


def test_texts_are_kept_so_that_every_language_can_tell_them():
    kept = to_json(Comparison(Text("test"), Interval.exact("a", 1), "above", Interval.exact(Text("b"), 0)))
    assert kept["quantity"] == {"text": "test"}
    assert (kept["left"]["name"], kept["right"]["name"]) == ("a", {"text": "b"})
    assert to_json(from_json(Comparison, kept)) == kept
