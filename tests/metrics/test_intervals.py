import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from atalho.errors import DataError
from atalho.metrics.intervals import difference, over_images, t_interval, t_quantile, wilson

levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])
trials = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(trials, levels)
def test_wilson_holds_the_share_and_stays_between_0_and_1(counts, level):
    successes, n = counts
    low, high = wilson(successes, n, level)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high


@given(trials, levels)
def test_wilson_is_symmetric_and_agrees_with_scipy(counts, level):
    successes, n = counts
    low, high = wilson(successes, n, level)
    mirrored = wilson(n - successes, n, level)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)
    theirs = scipy.stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_covers_the_true_share_as_often_as_it_says():
    """Exact coverage, summed over the binomial distribution of 200 images at several true shares."""
    for share in (0.5, 0.8, 0.93, 0.97):
        distribution = scipy.stats.binom(200, share)
        coverage = sum(distribution.pmf(k) for k in range(201) if wilson(k, 200)[0] <= share <= wilson(k, 200)[1])
        assert 0.92 < coverage < 0.98


def test_wilson_at_known_numbers():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(10, 10)[1] == 1.0
    assert wilson(0, 10)[0] == 0.0
    assert wilson(0, 0) == (0.0, 1.0)


@given(levels, st.one_of(st.integers(1, 12), st.integers(13, 2000)))
def test_t_quantile_agrees_with_scipy(level, degrees):
    assert t_quantile(level, degrees) == pytest.approx(scipy.stats.t.ppf(0.5 + level / 2, degrees), rel=1e-10)


def test_t_interval_at_known_numbers():
    assert t_quantile(0.95, 2) == pytest.approx(4.302653, abs=1e-6)
    mean, low, high = t_interval([0.90, 0.91, 0.92])
    assert mean == pytest.approx(0.91)
    assert high - mean == pytest.approx(mean - low)
    assert high - mean == pytest.approx(4.302653 * 0.01 / math.sqrt(3), abs=1e-8)
    assert t_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_t_interval_covers_the_true_mean_as_often_as_it_says():
    draw = random.Random(7)
    samples = [[draw.gauss(3, 2) for _ in range(4)] for _ in range(1000)]
    held = sum(low <= 3 <= high for _, low, high in map(t_interval, samples))
    assert 0.93 < held / 1000 < 0.97


def test_errors_say_what_was_given_and_what_to_do():
    with pytest.raises(DataError, match="11 successes in 10 trials"):
        wilson(11, 10)
    with pytest.raises(DataError, match=r"at least two values; got 1\. Run more seeds"):
        t_interval([0.9])
    with pytest.raises(DataError, match="finite numbers"):
        t_interval([0.9, math.nan])
    with pytest.raises(DataError, match="Confidence level 95: expected a fraction between 0 and 1"):
        wilson(1, 2, level=95)


def images(share: float, count: int = 1000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(count) < share


def test_of_one_accuracy_it_is_about_wilsons() -> None:
    right = images(0.8)
    value, low, high = over_images(right[None], lambda accuracies: accuracies[:, 0])
    assert value == right.mean()
    assert (low, high) == pytest.approx(wilson(int(right.sum()), 1000), abs=0.004)


def test_of_what_does_not_vary_it_is_a_point() -> None:
    right = np.stack([np.ones(50, bool), np.zeros(50, bool)])
    assert over_images(right, lambda accuracies: accuracies[:, 0] - accuracies[:, 1]) == (1, 1, 1)


def test_networks_are_resampled_together() -> None:
    """Two networks that are wrong about the same images differ by nothing, however the images are drawn."""
    right = np.stack([images(0.5), images(0.5)])
    assert over_images(right, lambda accuracies: accuracies[:, 0] - accuracies[:, 1]) == (0, 0, 0)
    apart = np.stack([images(0.5), images(0.5, seed=1)])
    _value, low, high = over_images(apart, lambda accuracies: accuracies[:, 0] - accuracies[:, 1])
    assert high - low > 0.05


def test_the_statistic_sees_every_network() -> None:
    right = np.stack([images(share) for share in (0.1, 0.5, 0.9)])
    value, low, high = over_images(right, lambda accuracies: np.median(accuracies, axis=1))
    assert low < value == right[1].mean() < high


def test_the_same_seed_gives_the_same_interval() -> None:
    right = images(0.7)[None]
    one, same, other = (over_images(right, lambda a: a[:, 0], seed=seed) for seed in (0, 0, 1))
    assert one == same != other


@pytest.mark.parametrize(
    ("first", "second", "ends"), [((48, 80), (56, 70), (0.0524, 0.3339)), ((0, 10), (0, 10), (-0.2775, 0.2775))]
)
def test_the_difference_of_two_shares_has_the_published_interval(first, second, ends):
    shares = [(right / n, wilson(right, n)) for right, n in (first, second)]
    assert difference(*shares[0], *shares[1]) == pytest.approx(ends, abs=5e-5)
