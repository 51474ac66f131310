"""TrivialAugment (Müller and Hutter 2021): one random operation of random strength for each image.

The wide set of the paper (table 1). The images of a batch are grouped by operation and each group done at once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.augment import colour
from atalho.data.augment.geometry import affine_sample
from atalho.data.on_device import moved

DRAWS: Final = 3
_LEVELS: Final = 31
_LARGEST_SHIFT: Final = 32.0  # pixels, and no more than half the image


def apply(images: Tensor, draws: NDArray[np.float32], fill: Sequence[int]) -> Tensor:
    """(N, C, H, W) of 0…255 → the same shape float32. Draws: operation, strength, sign. `fill` fills what moves in.

    Strengths stay in main memory until an operation needs them where the images lie.
    """
    result = images.to(torch.float32, memory_format=torch.channels_last, copy=True)
    chosen = np.floor(draws[:, 0] * len(OPERATIONS)).astype(np.int64)
    level = np.floor(draws[:, 1] * _LEVELS) / (_LEVELS - 1)
    signed = np.where(draws[:, 2] < 0.5, -level, level)
    device = images.device
    mean = moved(torch.tensor(fill, dtype=torch.float32), device)[:, None, None]
    for number, (operation, has_sign) in enumerate(OPERATIONS.values()):
        members = torch.from_numpy(np.flatnonzero(chosen == number))
        if operation is None or not len(members):
            continue
        strength = torch.from_numpy((signed if has_sign else level).astype(np.float32))[members]
        # What moves in from outside is zero: around the mean colour, zero is the mean.
        around = mean if operation in _MOVES else torch.zeros((), device=device)
        places = moved(members, device)
        result[places] = operation(result[places] - around, strength) + around
    return result


def shear_x(images: Tensor, strength: Tensor) -> Tensor:
    """Rows shifted in proportion to their height, by up to 0.99."""
    return _affine(images, {(0, 1): 0.99 * strength})


def shear_y(images: Tensor, strength: Tensor) -> Tensor:
    """Columns shifted in proportion to their place, by up to 0.99."""
    return _affine(images, {(1, 0): 0.99 * strength})


def translate_x(images: Tensor, strength: Tensor) -> Tensor:
    """Moved sideways by up to 32 pixels, at most half the image."""
    return _affine(images, {(0, 2): strength * min(2 * _LARGEST_SHIFT / images.shape[3], 1)})


def translate_y(images: Tensor, strength: Tensor) -> Tensor:
    """Moved up or down by up to 32 pixels, at most half the image."""
    return _affine(images, {(1, 2): strength * min(2 * _LARGEST_SHIFT / images.shape[2], 1)})


def rotate(images: Tensor, strength: Tensor) -> Tensor:
    """Turned by up to 135 degrees."""
    angle = strength * np.pi * 0.75
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return _affine(images, {(0, 0): cosine, (0, 1): -sine, (1, 0): sine, (1, 1): cosine})


def posterize(images: Tensor, strength: Tensor) -> Tensor:
    """Fewer bits a channel: 8 at strength 0, 2 at strength 1."""
    bits = moved(torch.round(6 * strength).to(torch.int32), images.device)[:, None, None, None]
    return ((images.round().to(torch.int32) >> bits) << bits).float()


def solarize(images: Tensor, strength: Tensor) -> Tensor:
    """Values from a threshold on are inverted: 255 at strength 0, 0 at strength 1."""
    threshold = moved(255 * (1 - strength), images.device)[:, None, None, None]
    return torch.where(images >= threshold, 255 - images, images)


def autocontrast(images: Tensor, _strength: Tensor) -> Tensor:
    """Each channel stretched to 0…255."""
    low = images.amin(dim=(2, 3), keepdim=True)
    span = images.amax(dim=(2, 3), keepdim=True) - low
    return torch.where(span > 0, (images - low) * (255 / span.clamp(min=1e-6)), images)


def equalize(images: Tensor, _strength: Tensor) -> Tensor:
    """Each channel's histogram made even, with the integers of Pillow's `ImageOps.equalize`."""
    count, channels, height, width = images.shape
    values = images.round().long().reshape(count * channels, height * width)
    histogram = values.new_zeros(count * channels, 256).scatter_add_(1, values, torch.ones_like(values))
    step = (height * width - histogram.gather(1, values.amax(dim=1, keepdim=True))) // 255
    before = histogram.cumsum(dim=1) - histogram
    table = ((before + step // 2) // step.clamp(min=1)).clamp(0, 255)
    table = torch.where(step > 0, table, torch.arange(256, device=images.device))
    return table.gather(1, values).view(count, channels, height, width).float()


Operation = Callable[[Tensor, Tensor], Tensor]
_MOVES: Final[tuple[Operation, ...]] = (shear_x, shear_y, translate_x, translate_y, rotate)


def _factor(change: Operation) -> Operation:
    return lambda images, strength: change(images, 1 + 0.99 * strength)


OPERATIONS: Final[dict[str, tuple[Operation | None, bool]]] = {
    "identity": (None, False),
    "shear x": (shear_x, True),
    "shear y": (shear_y, True),
    "translate x": (translate_x, True),
    "translate y": (translate_y, True),
    "rotate": (rotate, True),
    "brightness": (_factor(colour.brightness), True),
    "saturation": (_factor(colour.saturation), True),
    "contrast": (_factor(colour.contrast), True),
    "sharpness": (_factor(colour.sharpness), True),
    "posterize": (posterize, False),
    "solarize": (solarize, False),
    "autocontrast": (autocontrast, False),
    "equalize": (equalize, False),
}


def _affine(images: Tensor, entries: Mapping[tuple[int, int], Tensor]) -> Tensor:
    """Nearest pixels of a square image, moved about its middle by the identity with these entries; outside it is zero.

    An entry, by its row and column in `affine_sample`, has a value for each image.
    """
    matrices = torch.eye(2, 3)[:, :, None].repeat(1, 1, len(images))
    for place, values in entries.items():
        matrices[place] = values
    return affine_sample(images, matrices, "nearest")
