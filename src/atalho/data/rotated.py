"""Characters turned by 90, 180 and 270 degrees as further identities (Vinyals et al. 2016, section 4.1.1).

The id of image n turned by r quarters is n + r·N: a turned image is an image like any other, varied and dealt by its
own id.
"""

from collections.abc import Iterable, Iterator
from typing import final

import numpy as np
import torch
from torch import Tensor

from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.data.on_device import moved

TURNS = 4


@final
class RotatedImages(Images):
    """Each of N images four times: as it is, and turned left by one, two and three quarters."""

    def __init__(self, images: Images) -> None:
        super().__init__(TURNS * len(images), images.side, images.channels, images.bad)
        self._images = images
        self._each = len(images)

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        asked: list[Ids] = []  # the images below may be read ahead of what is given out

        def plain() -> Iterator[Ids]:
            for ids in batches:
                asked.append(ids)
                yield ids % self._each

        for _ids, pixels in self._images.iterate(plain()):
            ids = asked.pop(0)
            turned = torch.empty_like(pixels)
            for turn in range(TURNS):
                chosen = moved(torch.from_numpy(np.flatnonzero(ids // self._each == turn)), pixels.device)
                turned[chosen] = torch.rot90(pixels[chosen], turn, (2, 3))
            yield ids, turned

    def close(self) -> None:
        self._images.close()


def turned(ids: Ids, each: int) -> Ids:
    """The ids of the images `ids` in all four directions, where there are `each` images in all."""
    return np.concatenate([ids + turn * each for turn in range(TURNS)])


def turned_labels(labels: Ids, identities: int) -> Ids:
    """The label of every image in every direction: `identities` new ones for each turn."""
    return np.concatenate([labels + turn * identities for turn in range(TURNS)])
