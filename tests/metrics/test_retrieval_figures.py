"""CMC, mAP and mINP of known ranks, and what the intervals do."""

import numpy as np
import pytest

from atalho.metrics.retrieval import AnswerRanks
from atalho.metrics.retrieval_figures import bootstrap, figures


def _ranks(first: list[int]) -> AnswerRanks:
    places = np.array(first)
    answered = places > 0
    with np.errstate(divide="ignore"):
        precision = np.where(answered, 1 / places, np.nan)
    return AnswerRanks(answered.astype(np.int64), places, precision, precision)


def test_known_ranks_give_known_figures() -> None:
    found = figures(_ranks([1, 1, 2, 6, 15, 40, 0]), np.array([0, 0, 1, 1, 2, 2, 3]))
    assert (found.queries, found.valid_queries, found.identities) == (7, 6, 3)
    assert [found.figure(f"rank{k}")[0] * 6 for k in (1, 5, 10, 20)] == pytest.approx([2, 3, 4, 5])
    assert found.map == pytest.approx((2 + 1 / 2 + 1 / 6 + 1 / 15 + 1 / 40) / 6)
    assert found.minp == found.map
    for name in ("rank1", "map", "minp"):
        share, (low, high) = found.figure(name)
        assert low <= share <= high


def test_without_a_valid_query_nothing_is_known() -> None:
    found = figures(_ranks([0, 0]), np.array([0, 1]))
    assert found.valid_queries == 0
    assert found.rank1 is found.map is found.minp_interval is None


def test_images_of_one_identity_do_not_count_as_many_experiments() -> None:
    rng = np.random.default_rng(0)
    share = rng.random(30)
    values = np.repeat(share, 20)[:, None]
    together = bootstrap(values, np.repeat(np.arange(30), 20))
    apart = bootstrap(values, np.arange(600))
    assert together[1][0] - together[0][0] > 3 * (apart[1][0] - apart[0][0])


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        values = rng.normal(5, 1, (50, 1))
        low, high = bootstrap(values, np.arange(50), seed=seed)
        held += bool(low[0] <= 5 <= high[0])
    assert 0.88 <= held / 200 <= 0.98


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random((40, 2))
    one, other = (bootstrap(values, np.arange(40), seed=7) for _ in range(2))
    np.testing.assert_array_equal(one, other)
