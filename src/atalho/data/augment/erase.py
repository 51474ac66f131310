"""Random erasing: a rectangle of the image becomes its mean colour (Zhong 2017, "Random Erasing Data Augmentation")."""

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.on_device import moved

DRAWS: Final = 5
_AREA: Final = (0.02, 0.4)
_ASPECT: Final = (0.3, 1 / 0.3)


def erase(images: Tensor, draws: NDArray[np.float32], probability: float) -> Tensor:
    """Normalised (N, C, H, W), where zero is the mean colour; a share `probability` of them loses a rectangle.

    Its area is 2 to 40 % of the image, its aspect 0.3 to 3.3 (section 4.1, there filled with noise).
    """
    height, width = images.shape[2:]
    area = _AREA[0] + (_AREA[1] - _AREA[0]) * draws[:, 1].astype(np.float64)
    low, high = np.log(_ASPECT)
    aspect = np.exp(low + (high - low) * draws[:, 2].astype(np.float64))
    tall = np.minimum(np.sqrt(area * aspect), 1) * height
    wide = np.minimum(np.sqrt(area / aspect), 1) * width
    box = rectangle(tall, wide, draws[:, 3], draws[:, 4], height, width)
    box.rows[draws[:, 0] >= probability] = False
    # On the channels-last view, so that the result lies in memory as the images do.
    return (images.permute(0, 2, 3, 1) * ~box.on(images.device)[..., None]).permute(0, 3, 1, 2)


class _Rectangles(NamedTuple):
    """A rectangle in each of N images: boolean `rows` (N, height) and `columns` (N, width) that lie in it."""

    rows: NDArray[np.bool_]
    columns: NDArray[np.bool_]

    def pixels(self) -> NDArray[np.int64]:
        """(N,): how many pixels each has."""
        found: NDArray[np.int64] = self.rows.sum(axis=1) * self.columns.sum(axis=1)
        return found

    def on(self, device: torch.device) -> Tensor:
        """Boolean (N, height, width) on `device`, true inside."""
        rows, columns = (moved(torch.from_numpy(inside), device) for inside in self)
        return rows[:, :, None] & columns[:, None, :]


def rectangle(
    tall: NDArray[np.float64],
    wide: NDArray[np.float64],
    down: NDArray[np.float32],
    right: NDArray[np.float32],
    height: int,
    width: int,
) -> _Rectangles:
    """_Rectangles of `tall` × `wide` pixels, one per image of `height` × `width`, placed by two draws."""
    tall, wide = np.rint(tall).astype(np.int64), np.rint(wide).astype(np.int64)
    top = np.floor(down * (height - tall + 1)).astype(np.int64)
    left = np.floor(right * (width - wide + 1)).astype(np.int64)
    rows, columns = np.arange(height), np.arange(width)
    return _Rectangles(
        (rows >= top[:, None]) & (rows < (top + tall)[:, None]),
        (columns >= left[:, None]) & (columns < (left + wide)[:, None]),
    )
