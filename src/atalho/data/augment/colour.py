"""Brightness, contrast, saturation and sharpness of images (N, C, H, W) of 0…255, a factor per image.

A factor of 1 leaves an image as it is; 0 gives black, its mean grey, its grey picture or its blurred one.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.on_device import moved

DRAWS: Final = 3
_LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R 601
_STEPS: Final = 2**16


def jitter(images: Tensor, draws: NDArray[np.float32], strength: float) -> Tensor:
    """Brightness, then contrast, then saturation, each by a factor in 1 − strength … 1 + strength."""
    factors = moved(torch.from_numpy(1 + strength * (2 * draws - 1)), images.device)
    images = brightness(images.float(), factors[:, 0])
    images = contrast(images, factors[:, 1])
    return saturation(images, factors[:, 2])


def brightness(images: Tensor, factors: Tensor) -> Tensor:
    """Towards black or away from it."""
    return (images * _each(factors, images)).clamp_(0, 255)


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Towards the mean of the grey picture or away from it."""
    grey = luma(images)
    # Sum in double precision: in single its rounding would depend on how the batch lies in memory.
    on_cpu = images.device.type == "cpu"
    mean = grey.double().mean(dim=(1, 2, 3), keepdim=True).float() if on_cpu else mean_in_steps(grey)
    return _towards(mean, images, factors)


def mean_in_steps(grey: Tensor) -> Tensor:
    """(N, 1, H, W) of 0…255 → the mean of each image (N, 1, 1, 1), by whole steps of 2^-16.

    For devices, of which not all have double precision: whole numbers have one sum, in any order.
    """
    total = (grey * _STEPS).round().long().sum(dim=(1, 2, 3), keepdim=True)
    return total.float() / (_STEPS * grey[0].numel())


def saturation(images: Tensor, factors: Tensor) -> Tensor:
    """Towards the grey picture or away from it; a grey image stays."""
    return images if images.shape[1] == 1 else _towards(luma(images), images, factors)


def sharpness(images: Tensor, factors: Tensor) -> Tensor:
    """Towards a 3 × 3 smoothed picture (weight 5 in the middle, 1 around) or away from it; the edge pixels stay."""
    blurred = images.clone()
    inner = images[:, :, 1:-1, 1:-1]
    total = 4 * inner
    for down in range(3):
        for right in range(3):
            height, width = images.shape[2] - 2, images.shape[3] - 2
            total = total + images[:, :, down : down + height, right : right + width]
    blurred[:, :, 1:-1, 1:-1] = total / 13
    return _towards(blurred, images, factors)


def luma(images: Tensor) -> Tensor:
    """(N, C, H, W) → the grey picture (N, 1, H, W)."""
    if images.shape[1] != 3:
        return images.mean(dim=1, keepdim=True)
    red, green, blue = images.unbind(dim=1)
    return (red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2])[:, None]


def _towards(other: Tensor, images: Tensor, factors: Tensor) -> Tensor:
    share = _each(factors, images)
    return (images * share + other * (1 - share)).clamp_(0, 255)


def _each(factors: Tensor, images: Tensor) -> Tensor:
    return moved(factors, images.device)[:, None, None, None]
