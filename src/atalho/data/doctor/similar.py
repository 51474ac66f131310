"""Near-duplicate images: re-encoded, resized, brightened. A perceptual hash proposes them, their pixels decide.

The hash asks on which side of the set's median an image lies, along random mixtures of the directions in which the
set varies most. So every bit parts the images in halves, also where all of them have the same background, and images
that share a hash are few. Such a pair counts only if its pixels agree, and agree far better than either image does
with others of the set: two drawings of a one are alike, but not more so than many ones are.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.manifest import Ids

Floats = NDArray[np.float32]
_COARSE: Final = 8  # side of the version that is hashed
_TABLES: Final = 8  # hashes; a pair need share only one of them
_DIRECTIONS: Final = 24
_NEIGHBOURS: Final = 8  # images of the same hash that each is compared with
_ALL_PAIRS_UP_TO: Final = 1024
_FLAT: Final = 2.0  # standard deviation in grey levels up to which there is nothing to compare
_COARSE_LIKENESS: Final = 0.985
LIKENESS: Final = 0.975  # correlation of the pixels of a pair
_CERTAIN: Final = 0.9995  # the same pixels, however many others have them too
_RELATIVE: Final = 0.08  # of the distance (1 − correlation) to others of the set
_SAMPLE: Final = 1024
_RANK: Final = 20  # which of the nearest of the sample stands for the others
_SMALL_SET: Final = 50  # too few to know how alike its images are
_PART: Final = 4096


def similar_pairs(grey: NDArray[np.uint8]) -> Ids:
    """Pairs (M, 2), first < second, of the images (N, S, S), S a multiple of 8, that are almost the same."""
    blocks = _blocks(grey)
    whole = np.flatnonzero(blocks.std(axis=(1, 2)) > _FLAT)
    if len(whole) < 2:
        return np.empty((0, 2), np.int64)
    grey, coarse = grey[whole], _unit(blocks[whole])
    first, second = _all_pairs(coarse) if len(grey) <= _ALL_PAIRS_UP_TO else _of_one_hash(coarse)
    agree = _parted(lambda a, b: _dot(coarse[a], coarse[b]), first, second) > _COARSE_LIKENESS
    first, second = first[agree], second[agree]
    likeness = _parted(lambda a, b: _dot(_unit(grey[a]), _unit(grey[b])), first, second)
    apart = 1 - likeness < _RELATIVE * _distance_to_others(grey, first)
    real = (likeness > LIKENESS) & apart | (likeness > _CERTAIN)
    return np.stack([whole[first[real]], whole[second[real]]], axis=1)


def _blocks(grey: NDArray[np.uint8]) -> Floats:
    """Means of 8 × 8 blocks: (N, 8, 8)."""
    images, side, _side = grey.shape
    block = side // _COARSE
    means: Floats = grey.reshape(images, _COARSE, block, _COARSE, block).mean((2, 4), dtype=np.float32)
    return means


def _unit(images: NDArray[np.uint8] | Floats) -> Floats:
    """Each image as a vector of mean 0 and length 1, so that a product of two is their correlation."""
    vectors = images.reshape(len(images), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors


def _dot(a: Floats, b: Floats) -> Floats:
    products: Floats = np.einsum("ij,ij->i", a, b)
    return products


def _all_pairs(coarse: Floats) -> tuple[Ids, Ids]:
    first, second = np.nonzero(np.triu(coarse @ coarse.T > _COARSE_LIKENESS, k=1))
    return first, second


def _of_one_hash(coarse: Floats) -> tuple[Ids, Ids]:
    """Pairs that share a hash; in a crowd, each image with the next few only, so that time stays linear."""
    images = len(coarse)
    pairs = []
    for key in _hashes(coarse):
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        for step in range(1, _NEIGHBOURS + 1):
            same = np.flatnonzero(ordered[step:] == ordered[:-step])
            a, b = order[same], order[same + step]
            pairs.append(np.minimum(a, b) * images + np.maximum(a, b))
    return np.divmod(np.unique(np.concatenate(pairs)), images)


def _hashes(coarse: Floats) -> list[Ids]:
    sample = coarse[:: max(1, len(coarse) // 10_000)]
    variance, directions = np.linalg.eigh((sample.T @ sample).astype(np.float64) / len(sample))
    strongest = slice(-_DIRECTIONS, None)
    spread = np.sqrt(np.maximum(variance[strongest], 1e-12))
    places = coarse @ (directions[:, strongest] / spread).astype(np.float32)
    # A few bits more than would number the images, so that images without a likeness rarely share a hash.
    bits = min(_DIRECTIONS - 2, int(np.log2(len(coarse))) + 3)
    random = np.random.default_rng(0)
    keys = []
    for _table in range(_TABLES):
        mixture = np.linalg.qr(random.standard_normal((_DIRECTIONS, _DIRECTIONS)))[0][:, :bits]
        mixed = places @ mixture.astype(np.float32)
        keys.append((mixed > np.median(mixed, axis=0)) @ (1 << np.arange(bits)))
    return keys


def _distance_to_others(grey: NDArray[np.uint8], ids: Ids) -> Floats:
    """For each image how far the nearer ones of a sample of the set are, as 1 − correlation."""
    if len(grey) < _SMALL_SET:
        return np.full(len(ids), np.inf, np.float32)
    sample = _unit(grey[np.linspace(0, len(grey) - 1, min(_SAMPLE, len(grey))).astype(np.int64)])
    once, places = np.unique(ids, return_inverse=True)
    nearer = np.empty(len(once), np.float32)
    for begin in range(0, len(once), _PART):
        alike = _unit(grey[once[begin : begin + _PART]]) @ sample.T
        rank = len(sample) - _RANK
        nearer[begin : begin + _PART] = np.partition(alike, rank, axis=1)[:, rank]
    return (1 - nearer)[places]


def _parted(likeness: Callable[[Ids, Ids], Floats], first: Ids, second: Ids) -> Floats:
    """`likeness` of every pair, a part at a time, so that memory stays small."""
    parts = [
        likeness(first[begin : begin + _PART], second[begin : begin + _PART]) for begin in range(0, len(first), _PART)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)
