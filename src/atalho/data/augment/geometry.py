"""Where a training image is cut out, whether it is mirrored, and how it is distorted."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from atalho.data.on_device import moved

DRAWS: Final = 5
FLIP: Final = 0  # this draw decides; the others place and size the crop
_ASPECT: Final = (3 / 4, 4 / 3)
AFFINE_DRAWS: Final = 6
# At full strength: up to 20 degrees, a quarter larger or smaller either way, shear 0.3, a seventh of the side.
_TURN, _SCALE, _SHEAR, _SHIFT = math.radians(20), 0.25, 0.3, 0.15


def pad_crop(pixels: Tensor, draws: NDArray[np.float32], size: int, pad: int, fill: Sequence[int]) -> Tensor:
    """(N, C, P, P) uint8 → (N, C, size, size) uint8: a window of the image with `pad` pixels of `fill` around it.

    With the mean colour as `fill` this is padding with zeros after normalisation (He 2015, section 4.2). On the CPU
    one copy per image: for a batch of small images that is faster than one indexed gather.
    """
    if pixels.device.type != "cpu":
        return pad_crop_at_once(pixels, draws, size, pad, fill)
    source = pixels.permute(0, 2, 3, 1).numpy()
    count, side, _side, channels = source.shape
    offsets, flipped = _windows(draws, side, size, pad)
    result = np.empty((count, size, size, channels), np.uint8)
    if pad:
        result[:] = np.asarray(fill, np.uint8)
    for image, target, (top, left), flip in zip(source, result, offsets.tolist(), flipped.tolist(), strict=True):
        if flip:
            target = target[:, ::-1]
        # An end before the image's edge, with more padding than `size`, must not count from the other edge.
        window = image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)]
        down, right = max(-top, 0), max(-left, 0)
        target[down : down + window.shape[0], right : right + window.shape[1]] = window
    return torch.from_numpy(result).permute(0, 3, 1, 2)


def _windows(draws: NDArray[np.float32], side: int, size: int, pad: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Top and left (N,2) of the window in each image, and which are mirrored (N,)."""
    return np.floor(draws[:, 1:3] * (side - size + 2 * pad + 1)).astype(np.int64) - pad, draws[:, FLIP] < 0.5


def pad_crop_at_once(pixels: Tensor, draws: NDArray[np.float32], size: int, pad: int, fill: Sequence[int]) -> Tensor:
    """`pad_crop` by one gather, where the pixels lie."""
    source, device = pixels.permute(0, 2, 3, 1), pixels.device
    count, side = source.shape[:2]
    offsets, flipped = _windows(draws, side, size, pad)
    numbers = moved(torch.from_numpy(np.column_stack([offsets, flipped])), device)
    places = torch.arange(size, device=device)
    rows = numbers[:, :1] + places
    columns = numbers[:, 1:2] + torch.where(numbers[:, 2:] > 0, size - 1 - places, places)
    images = torch.arange(count, device=device)[:, None, None]
    window = source[images, rows.clamp(0, side - 1)[:, :, None], columns.clamp(0, side - 1)[:, None, :]]
    if pad:
        in_rows, in_columns = ((at >= 0) & (at < side) for at in (rows, columns))
        inside = (in_rows[:, :, None] & in_columns[:, None, :])[..., None]
        window = torch.where(inside, window, moved(torch.tensor(fill, dtype=torch.uint8), device))
    return window.permute(0, 3, 1, 2)


def resized_crop(pixels: Tensor, draws: NDArray[np.float32], size: int, smallest: float) -> Tensor:
    """(N, C, P, P) uint8 → (N, C, size, size) float32 of 0…255: a window of random area and aspect, bilinear.

    Area from `smallest` to 1 of the image, aspect from 3/4 to 4/3 (Szegedy 2014, section 6). The images are stored
    at most a seventh larger than `size`, so that no window is reduced enough to need a filter.
    """
    numbers = torch.from_numpy(draws).double()
    area = smallest + (1 - smallest) * numbers[:, 1]
    low, high = np.log(_ASPECT)
    aspect = torch.exp(low + (high - low) * numbers[:, 2])
    extent = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], dim=1).clamp_(max=1)  # width, height
    centre = (2 * numbers[:, 3:5] - 1) * (1 - extent)  # in −1…1 from edge to edge, as grid_sample counts
    steps = (2 * torch.arange(size, dtype=torch.float64) + 1) / size - 1
    columns = torch.where(numbers[:, :1] < 0.5, -steps, steps) * extent[:, :1] + centre[:, :1]
    rows = steps * extent[:, 1:] + centre[:, 1:]
    # Drawn in double precision here; a device that has none sees the single numbers.
    columns, rows = moved(torch.stack([columns, rows]).float(), pixels.device)
    grid = torch.stack([columns[:, None, :].expand(-1, size, -1), rows[:, :, None].expand(-1, -1, size)], dim=3)
    return sample(pixels.float(), grid, "bilinear", "border")


def affine(pixels: Tensor, draws: NDArray[np.float32], strength: float, fill: Sequence[int]) -> Tensor:
    """A random affine distortion by one bilinear sampling: turned, scaled, sheared and shifted a little.

    (N, C, S, S) of 0…255 → the same, float32, each image by its own draws (N, AFFINE_DRAWS); `fill` lies around it."""
    spread = torch.from_numpy(2 * draws.astype(np.float64) - 1) * strength
    angle, shear = _TURN * spread[:, 0], _SHEAR * spread[:, 3]
    wide, high = 1 / (1 + _SCALE * spread[:, 1]), 1 / (1 + _SCALE * spread[:, 2])
    cosine, sine = angle.cos(), angle.sin()
    from_x = torch.stack([cosine * wide, (shear * cosine - sine) * high, 2 * _SHIFT * spread[:, 4]])
    from_y = torch.stack([sine * wide, (shear * sine + cosine) * high, 2 * _SHIFT * spread[:, 5]])
    # What lies outside is sampled as zero, which here means `fill`.
    shift = moved(torch.tensor(fill, dtype=torch.float32), pixels.device)[None, :, None, None]
    return affine_sample(pixels.float() - shift, torch.stack([from_x, from_y]), "bilinear") + shift


def affine_sample(images: Tensor, matrices: Tensor, mode: str) -> Tensor:
    """Images (N,C,H,W) whose pixels come from `matrices` (2,3,N) · (x, y, 1); zero where that is outside.

    x and y go from −1 to 1 between the edges, as grid_sample counts. On a device they are single numbers, as not every
    device has double ones.
    """
    height, width = images.shape[2:]
    if images.device.type != "cpu":
        matrices = moved(matrices.float(), images.device)
    counted = partial(torch.arange, dtype=matrices.dtype, device=matrices.device)
    y = ((2 * counted(height) + 1) / height - 1)[:, None]
    x = (2 * counted(width) + 1) / width - 1
    places = [a * x + b * y + c for a, b, c in matrices[..., None, None]]
    return sample(images, torch.stack(places, dim=3).float(), mode, "zeros")


def sample(images: Tensor, grid: Tensor, mode: str, padding: str) -> Tensor:
    """grid_sample (N, C, H, W) at grid (N, h, w, 2) → channels last."""
    sampled = F.grid_sample(images.contiguous(), grid, mode=mode, padding_mode=padding, align_corners=False)
    return sampled.contiguous(memory_format=torch.channels_last)
