"""How large the images of a step are: reduced at first, whole later, as a closed form of the step.

Early steps learn what is coarse, and a step of images at three quarters of the side costs about half (Touvron et al.
2019, "Fixing the train-test resolution discrepancy"; Howard 2018, on DAWNBench). The network is measured and shipped
at the whole side, with norm statistics of whole images.
"""

from typing import Final

from torch import Tensor
from torch.nn import functional as F

LEVELS: Final = 4
"""Sides of one run, with the whole one: each costs a GPU a recording of the step."""
_MULTIPLE: Final = 4
_SMALLEST: Final = 8


def side_at(step: int, steps: int, size: int, *, start: float, grown: float) -> int:
    """The side of the images of `step` (from 0) of `steps`, at most `size` pixels.

    `start` is the first side as a share of `size`; after the share `grown` of the steps it is the whole one. In between
    there are equal rises, with equally many steps at each side.
    """
    if start >= 1 or step >= grown * steps:
        return size
    level = int(step / (grown * steps) * (LEVELS - 1))
    share = start + (1 - start) * level / (LEVELS - 1)
    side = max(_SMALLEST, round(size * share / _MULTIPLE) * _MULTIPLE)
    return min(size, side)


def sides(size: int, *, start: float, grown: float) -> list[tuple[int, float]]:
    """Every side of a run in order, and the share of the steps that have it; equal sides may follow each other."""
    if start >= 1 or grown <= 0:
        return [(size, 1.0)]
    rises = LEVELS - 1
    early = [(side_at(level, rises, size, start=start, grown=1.0), grown / rises) for level in range(rises)]
    return [*early, (size, 1 - grown)]


def reduced(images: Tensor, side: int) -> Tensor:
    """(N,C,S,S) → (N,C,side,side), each pixel the mean of those that it covers; the images themselves at their own."""
    if images.shape[-1] == side:
        return images
    return F.adaptive_avg_pool2d(images, side)
