"""Vectors in a plane: the two directions in which they vary most, their first principal components (Pearson 1901)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """N vectors as points (N,2), with the share of their variance that each of the two directions holds."""

    points: Reals
    shares: tuple[float, float]


def principal_plane(vectors: NDArray[np.floating]) -> Plane:
    """The vectors (N,D) seen from where they spread most; what does not vary is 0.

    The sign of a direction means nothing: its largest number is positive, so that equal vectors give equal points.
    """
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    _left, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    largest = np.abs(directions).argmax(1)
    signs = np.where(directions[np.arange(len(directions)), largest] < 0, -1, 1)
    points = np.zeros((len(vectors), 2))
    points[:, : len(directions)] = centred @ (directions * signs[:, None]).T
    variance = lengths**2
    total = float(variance.sum())
    # What rounding leaves of equal vectors is no variance.
    if total <= len(vectors) * (1e-6 * np.abs(vectors).max(initial=0)) ** 2:
        return Plane(np.zeros_like(points), (0.0, 0.0))
    first, second = (float(variance[place] / total) if place < len(variance) else 0.0 for place in range(2))
    return Plane(points, (first, second))
