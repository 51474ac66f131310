"""How an image becomes what a network takes: which side is kept and seen, centre crop and normalisation, no chance."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
import torch
from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.dataclasses import dataclass
from torch import Tensor

from atalho.config import SMALL_IMAGE, DataConfig
from atalho.data.decoding.fit import Fit, Interpolation
from atalho.data.decoding.survey import Survey
from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.data.on_device import moved
from atalho.data.order import in_order
from atalho.limits import LARGEST_RESIZE, LARGEST_SIDE
from atalho.text import Text
from atalho.validation import NO_TRUTH_VALUE

_SMALLEST: Final = 16
# (median shorter side up to, network's side)
_BY_MEDIAN: Final = ((40, 32), (96, 64), (180, 128))
_LARGE: Final = 224
_MOST_IMAGES: Final = 10_000
_PART: Final = 1000
_LATER: Final = {"avif": False, "interpolation": Fit.interpolation, "whole": False}
"""Values that model folders of earlier versions do not have, and what they mean there."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Preprocessing:
    """How an image becomes the network's input: shorter side to `resize`, centre crop of `size`, (x - mean) / std.

    With `whole` all of the image is resized, as torchvision and timm do, and not only its middle square. Files of more
    than `max_pixels`, TIFF files unless `tiff`, and AVIF files unless `avif`, are not decoded.
    """

    size: Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
    resize: Annotated[int, Field(ge=1, le=LARGEST_RESIZE)]
    channels: Annotated[Literal[1, 3], NO_TRUTH_VALUE]
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]
    max_pixels: Annotated[int, Field(ge=1)] = DataConfig.max_pixels
    tiff: bool = False
    avif: bool = False
    interpolation: Interpolation = Fit.interpolation
    whole: bool = False

    @model_serializer(mode="wrap")
    def _stored(self, values: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Galleries and runs keep a hash of these values: where later ones are as they always were it stays the same.
        stored: dict[str, Any] = values(self)
        return {name: value for name, value in stored.items() if _LATER.get(name) != value}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(Text("mean and std need a value for each of {n} channels", n=self.channels))
        if self.size > self.resize:
            raise ValueError(
                Text(
                    "size {size} is larger than {resize}, the size that images are resized to",
                    size=self.size,
                    resize=self.resize,
                )
            )
        return self

    @property
    def fit(self) -> Fit:
        """Which square is kept of an image."""
        return Fit(self.resize, self.interpolation, self.size if self.whole else None)

    def fit_for(self, size: int) -> Fit:
        """The same for a network that sees `size` pixels a side."""
        if size == self.size:
            return self.fit
        if not self.whole:
            return dataclasses.replace(usual_fit(size), interpolation=self.interpolation)
        return Fit(min(max(size, round(size * self.resize / self.size)), LARGEST_RESIZE), self.interpolation, size)

    def apply(self, pixels: Tensor) -> Tensor:
        """(N, C, P, P) uint8 → (N, C, size, size) float32, normalised, channels last: the middle of each image.

        Raises ValueError where the images are smaller than `size`.
        """
        return normalise(centre_crop(pixels, self.size), self.mean, self.std)


def choose_size(survey: Survey) -> int:
    """The network's side: the images' own where all are equal and small, else by the median of their shorter sides.

    Their own side is rounded up to a multiple of 4, so that it halves twice.
    """
    sides = np.minimum(survey.widths, survey.heights)
    sides = sides[sides > 0]
    if not len(sides):
        return _BY_MEDIAN[0][1]
    if sides.min() == sides.max() <= SMALL_IMAGE:
        return max(_SMALLEST, -(-int(sides[0]) // 4) * 4)
    median = float(np.median(sides))
    return next((side for most, side in _BY_MEDIAN if median <= most), _LARGE)


def stored_side(size: int) -> int:
    """The side that is kept: `size` for small images, else 8/7 of it, so that crops have a margin."""
    return size if size <= SMALL_IMAGE else round(size * 8 / 7)


def usual_fit(size: int) -> Fit:
    """What is kept of an image for a network of our own that sees `size` pixels a side."""
    return Fit(stored_side(size))


def centre_crop(pixels: Tensor, size: int) -> Tensor:
    """The middle `size` × `size` of (N, C, H, W). Raises ValueError where the images are smaller than that."""
    if size > min(pixels.shape[2:]):
        raise ValueError(f"a crop of {size} pixels from images of {tuple(pixels.shape[2:])}")
    top, left = (pixels.shape[2] - size) // 2, (pixels.shape[3] - size) // 2
    return pixels[:, :, top : top + size, left : left + size]


def normalise(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(N, C, H, W) of 0…255 → float32 (pixels / 255 − mean) / std, channels last; mean and std per channel."""
    spread = torch.tensor(std, dtype=torch.float64)
    scale = moved((1 / (255 * spread)).float(), pixels.device)
    shift = moved((-torch.tensor(mean, dtype=torch.float64) / spread).float(), pixels.device)
    # Arithmetic on the channels-last view, whose rows lie in one piece.
    rows = pixels.permute(0, 2, 3, 1)
    return torch.mul(rows, scale).add_(shift).permute(0, 3, 1, 2)


def channel_statistics(images: Images, ids: Ids) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of pixels scaled to 0…1, over the images `ids`.

    Of more than 10,000 images, 10,000 evenly spaced ones. Sums of integers, so exact and in no order.
    """
    if len(ids) > _MOST_IMAGES:
        ids = ids[np.linspace(0, len(ids) - 1, _MOST_IMAGES).astype(np.int64)]
    histogram = np.zeros((images.channels, 256), np.int64)
    for _ids, pixels in images.iterate(in_order(ids, _PART)):
        for channel in range(images.channels):
            histogram[channel] += np.bincount(pixels[:, channel].flatten().numpy(), minlength=256)
    values = np.arange(256) / 255
    count = np.maximum(histogram.sum(axis=1), 1)
    mean = histogram @ values / count
    variance = histogram @ values**2 / count - mean**2
    # A constant channel has no spread; 1 leaves it at zero after normalisation.
    std = np.sqrt(np.where(variance > 1e-9, variance, 1))
    return tuple(mean.tolist()), tuple(std.tolist())
