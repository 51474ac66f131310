"""Mixup (Zhang 2017) and cutmix (Yun 2019): each image with another of its batch, the target in the same shares."""

from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from atalho import chance
from atalho.data.augment.erase import rectangle
from atalho.data.manifest import Ids
from atalho.data.on_device import moved

DRAWS: Final = 4
_TABLE: Final = 4001


def partners(seed: int, epoch: int, ids: Ids) -> NDArray[np.int64]:
    """For each place in the batch the place of its partner: the next in a random order of the ids, in a ring."""
    keys = chance.bits(seed, "augment partner", epoch, ids, 1)[:, 0]
    ring = np.lexsort((ids, keys))
    partner = np.empty(len(ids), np.int64)
    partner[ring] = np.roll(ring, -1)
    return partner


def mix(
    images: Tensor,
    labels: Tensor,
    classes: int,
    draws: NDArray[np.float32],
    partners: NDArray[np.int64],
    *,
    mixup: float,
    cutmix: float,
) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) and labels (N,) → mixed images and shares (N, K) float32.

    Each image keeps a share drawn from Beta(alpha, alpha). With both alphas above zero an even draw decides per image.
    """
    height, width = images.shape[2:]
    cut = np.full(len(draws), cutmix > 0) if not (mixup and cutmix) else draws[:, 0] < 0.5
    own = np.ones(len(draws))
    if mixup:
        own = np.where(cut, own, beta_quantile(mixup, draws[:, 1]))
    device = images.device
    weight = moved(torch.from_numpy(own).float(), device)[:, None, None, None]
    partner = moved(torch.from_numpy(partners), device)
    others = images[partner]
    mixed = images * weight + others * (1 - weight)
    if cutmix:
        side = np.where(cut, np.sqrt(1 - beta_quantile(cutmix, draws[:, 1])), 0.0)
        box = rectangle(side * height, side * width, draws[:, 2], draws[:, 3], height, width)
        mixed = torch.where(box.on(device)[:, None], others, mixed)
        # The share is counted in pixels, since the rectangle has whole ones.
        kept = 1 - box.pixels() / (height * width)
        own = np.where(cut, kept, own)
    shares = moved(torch.from_numpy(own).float(), device)[:, None]
    targets = F.one_hot(moved(labels, device), classes).float()
    return mixed, targets * shares + targets[partner] * (1 - shares)


def beta_quantile(alpha: float, numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    """Uniform numbers → numbers distributed as Beta(alpha, alpha).

    The density of Beta has poles at 0 and 1 for alpha below 1. With logit x = logit t / β and β = min(α, 1) the
    density in t, (t (1 − t))^(α/β − 1) · (t^(1/β) + (1 − t)^(1/β))^(−2α) up to a factor, is bounded for every alpha,
    so that a table integrated by trapezoids is exact enough: `scipy.special.betaincinv` differs by 3e-5 at most for
    alphas up to 50. It would say this in a line, but its numbers are others: a run with mixup that was begun with the
    table could not be resumed to the byte.
    """
    steps, cumulative = _table(alpha)
    own, other = _log_powers(alpha, np.interp(numbers.astype(np.float64), cumulative, steps))
    return np.exp(own - np.logaddexp(own, other))


@cache
def _table(alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    steps = np.linspace(0, 1, _TABLE)
    own, other = _log_powers(alpha, steps)
    beta = min(alpha, 1)
    exponents = (alpha - beta) * (own + other) - 2 * alpha * np.logaddexp(own, other)
    density = np.exp(exponents - exponents.max())  # a large alpha would underflow everywhere
    cumulative = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return steps, cumulative / cumulative[-1]


def _log_powers(alpha: float, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms of t^(1/β) and (1 − t)^(1/β): the powers themselves underflow for small alphas."""
    tiny = np.finfo(np.float64).tiny
    return (
        np.log(np.maximum(steps, tiny)) / min(alpha, 1),
        np.log(np.maximum(1 - steps, tiny)) / min(alpha, 1),
    )
