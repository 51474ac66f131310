"""A small grey version of every image: what near-duplicates are found by. Decoding it shows damage inside files too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.fit import Fit
from atalho.data.decoding.pool import DecoderPool, ImageFiles
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import PART, OnProgress, Survey
from atalho.data.manifest import BadImage, Ids, Manifest
from atalho.text import Text, _

SIDE: Final = 32
WEIGHTS: Final = (77, 150, 29)
"""Of red, green and blue in a grey: ITU-R 601 in whole numbers of 256."""
_TINT: Final = 8  # levels between channels that still count as no colour: JPEG rounds


@dataclass(frozen=True, eq=False)
class Small:
    """Of N images: the middle square, grey (N, SIDE, SIDE), and whether it has no colour; zeros for bad ones.

    `bad` are all images that cannot be read: those of the survey, and those whose damage only decoding shows.
    """

    grey: NDArray[np.uint8]
    colourless: NDArray[np.bool_]
    bad: tuple[BadImage, ...]

    @property
    def good(self) -> Ids:
        """The ids of the images that can be read."""
        bad = [image.number for image in self.bad]
        return np.setdiff1d(np.arange(len(self.grey)), np.array(bad, dtype=np.int64))


def shrink(
    manifest: Manifest,
    survey: Survey,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008 (frozen)
    *,
    progress: OnProgress | None = None,
) -> Small:
    """Decode every image that the survey could read, large JPEGs at reduced size."""
    grey = np.zeros((len(manifest), SIDE, SIDE), np.uint8)
    colourless = np.zeros(len(manifest), bool)
    bad = list(survey.bad)
    todo = np.setdiff1d(np.arange(len(manifest)), np.array([image.number for image in bad], dtype=np.int64))
    done = 0
    with DecoderPool.over(len(todo), options) as pool:
        for ids, pixels, damaged in _decoded(manifest, todo, pool):
            grey[ids], colourless[ids] = _grey(pixels)
            bad += [BadImage(int(ids[place]), manifest.names[ids[place]], reason) for place, reason in damaged]
            done += len(ids)
            if progress is not None:
                progress(_("checking images"), done, len(todo))
    return Small(grey, colourless, tuple(sorted(bad)))


def _decoded(
    manifest: Manifest, todo: Ids, pool: DecoderPool
) -> Iterator[tuple[Ids, NDArray[np.uint8], list[tuple[int, Text]]]]:
    parts = [todo[first : first + PART] for first in range(0, len(todo), PART)]
    if manifest.pixels is not None:
        yield from ((ids, _from_arrays(manifest.pixels[ids]), []) for ids in parts)
        return
    files = (ImageFiles([str(manifest.path(number)) for number in ids.tolist()]) for ids in parts)
    for ids, (pixels, damaged) in zip(parts, pool.decode(files, Fit(SIDE), 3), strict=True):
        yield ids, pixels, damaged


def _from_arrays(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, H, W[, C]) as (n, SIDE, SIDE, 3), each new pixel the nearest old one."""
    if pixels.ndim == 3:
        pixels = pixels[:, :, :, None]
    rows, columns = (np.arange(SIDE) * side // SIDE for side in pixels.shape[1:3])
    small = pixels[:, rows][:, :, columns]
    return small if small.shape[3] == 3 else np.repeat(small[:, :, :, :1], 3, axis=3)


def _grey(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(n, SIDE, SIDE, 3) as grey and whether each has no colour."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    # 16 bits are enough and fast.
    shares = [shade * np.uint16(weight) for shade, weight in zip((red, green, blue), WEIGHTS, strict=True)]
    grey = (shares[0] + shares[1] + shares[2] + np.uint16(128)) >> 8
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return grey.astype(np.uint8), spread.max(axis=(1, 2)) <= _TINT
