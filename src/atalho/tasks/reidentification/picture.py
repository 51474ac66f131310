"""The embeddings of an evaluation in a plane, for the page of a run: some images, a few identities told apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from torch import Tensor
from torch.nn.functional import normalize

from atalho.data.layouts.identities import DISTRACTOR
from atalho.data.manifest import Ids, Manifest
from atalho.metrics.projection import Reals, principal_plane

MARKED: Final = 8
"""Identities that are told apart; a reader does not follow more."""
_IMAGES_EACH: Final = 25
_MOST_POINTS: Final = 500
_FEWEST: Final = 3
_DIGITS: Final = 4

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class IdentityPoints:
    """An identity and where its images lie."""

    identity: str
    points: Points


@dataclass(frozen=True)
class EmbeddingPicture:
    """Embeddings in two of `dimension` dimensions, which hold these shares of the variance of the drawn ones.

    `marked` are the identities with most images, `others` images of any other.
    """

    dimension: int
    shares: tuple[float, float]
    marked: tuple[IdentityPoints, ...]
    others: Points


def picture_of(embeddings: Tensor, ids: Ids, manifest: Manifest) -> EmbeddingPicture | None:
    """The picture of the embeddings (N,D) of the images `ids`; None of fewer than three.

    What is compared are directions, so the vectors have length 1 here too. The images are chosen evenly.
    """
    if len(ids) < _FEWEST:
        return None
    labels = manifest.labels[ids]
    found, counts = np.unique(labels, return_counts=True)
    order = found[np.argsort(-counts, kind="stable")]
    marked = [label for label in order if manifest.classes[label] != DISTRACTOR][:MARKED]
    groups = [_evenly(np.flatnonzero(labels == label), _IMAGES_EACH) for label in marked]
    rest = _evenly(np.flatnonzero(~np.isin(labels, marked)), _MOST_POINTS - sum(map(len, groups)))
    drawn = np.concatenate([*groups, rest])
    plane = principal_plane(normalize(embeddings[drawn].float(), dim=1).numpy())
    *parts, others = np.split(plane.points, np.cumsum([len(group) for group in groups]))
    named = zip(marked, parts, strict=True)
    return EmbeddingPicture(
        embeddings.shape[1],
        plane.shares,
        tuple(IdentityPoints(manifest.classes[label], _points(part)) for label, part in named),
        _points(others),
    )


def _evenly(places: Ids, most: int) -> Ids:
    chosen: Ids = places[np.linspace(0, len(places) - 1, min(most, len(places))).astype(int)]
    return chosen


def _points(plane: Reals) -> Points:
    return tuple((round(across, _DIGITS), round(up, _DIGITS)) for across, up in plane.tolist())
