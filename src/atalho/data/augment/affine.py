"""Random affine distortion: an image turned, scaled, sheared and shifted a little, by one bilinear sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.augment import geometry

DRAWS: Final = 6
# At full strength: up to 20 degrees, a quarter larger or smaller either way, shear 0.3, a seventh of the side.
_TURN, _SCALE, _SHEAR, _SHIFT = math.radians(20), 0.25, 0.3, 0.15


def apply(pixels: Tensor, draws: NDArray[np.float32], strength: float, fill: Sequence[int]) -> Tensor:
    """(N, C, S, S) of 0…255 → the same, float32, each image by its own draws (N, DRAWS); `fill` lies around it."""
    height, width = pixels.shape[2:]
    spread = torch.from_numpy(2 * draws.astype(np.float64) - 1) * strength
    angle, shear = _TURN * spread[:, 0], _SHEAR * spread[:, 3]
    wide, high = 1 / (1 + _SCALE * spread[:, 1]), 1 / (1 + _SCALE * spread[:, 2])
    cosine, sine = angle.cos(), angle.sin()
    # Where each pixel of the result comes from, in −1…1 from edge to edge, as grid_sample counts.
    rows = (2 * torch.arange(height, dtype=torch.float64) + 1) / height - 1
    columns = (2 * torch.arange(width, dtype=torch.float64) + 1) / width - 1
    y, x = rows[None, :, None], columns[None, None, :]
    from_x = _each(cosine * wide) * x + _each((shear * cosine - sine) * high) * y + _each(2 * _SHIFT * spread[:, 4])
    from_y = _each(sine * wide) * x + _each((shear * sine + cosine) * high) * y + _each(2 * _SHIFT * spread[:, 5])
    grid = torch.stack([from_x, from_y], dim=3).float()
    # What lies outside is sampled as zero, which here means `fill`.
    shift = torch.tensor(fill, dtype=torch.float32)[None, :, None, None]
    return geometry.sample(pixels.float() - shift, grid, "bilinear", "zeros") + shift


def _each(values: Tensor) -> Tensor:
    return values[:, None, None]
