"""Principal components: the same as numpy's covariance gives, on vectors of a real network, and odd cases."""

from pathlib import Path

import numpy as np
import pytest

from atalho.metrics.projection import principal_plane
from atalho.runs.run import Run


def test_points_and_shares_are_those_of_the_covariance(run: Run, clothes: Path) -> None:
    vectors = run.model.embed(sorted((clothes / "test").glob("*/*"))).numpy()
    plane = principal_plane(vectors)
    values, directions = np.linalg.eigh(np.cov(vectors.T.astype(float)))
    assert plane.shares == pytest.approx(values[:-3:-1] / values.sum())
    expected = (vectors - vectors.mean(0, dtype=float)) @ directions[:, :-3:-1]
    assert np.abs(plane.points) == pytest.approx(np.abs(expected), abs=1e-6)
    assert plane.points.mean(0) == pytest.approx([0, 0], abs=1e-9)


def test_the_sign_does_not_depend_on_the_order_of_the_vectors() -> None:
    vectors = np.random.default_rng(3).normal(size=(20, 5)).astype(np.float32)
    order = np.random.default_rng(4).permutation(20)
    assert principal_plane(vectors[order]).points == pytest.approx(principal_plane(vectors).points[order])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-20, 1e20])
def test_equal_vectors_are_one_point_without_variance(value: float) -> None:
    plane = principal_plane(np.full((4, 7), value, np.float32))
    assert plane.shares == (0, 0)
    assert not plane.points.any()


def test_one_dimension_has_no_second_direction() -> None:
    plane = principal_plane(np.array([[1.0], [2.0], [6.0]]))
    assert plane.shares == (1, 0)
    assert plane.points.tolist() == [[-2, 0], [-1, 0], [3, 0]]
