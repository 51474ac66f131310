"""Intervals by resampling: those of a formula where there is one, narrow for what does not vary, and paired."""

import numpy as np
import pytest

from atalho.metrics.bootstrap import over_images
from atalho.metrics.intervals import wilson


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
