"""Shattered gradients: how alike the gradients at neighbouring inputs are (Balduzzi et al. 2017).

In a deep plain network, gradients by the input at two images that hardly differ have hardly anything in common, like
white noise; with shortcuts they stay alike for longer, like brown noise. Balduzzi et al. look at one-dimensional
inputs (section 1, figure 1) and correlations over them (section 3). Here the line runs straight from one image to
another: x(t) = (1 - t) a + t b, and the gradient at x(t) is that of the logit of a's class by all pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.inspection.norms import recomputed

POINTS = 33  # on each line, so that neighbours are a 32nd of the way apart


def correlations(
    network: nn.Module, images: Tensor, targets: Tensor, *, lines: int = 16, points: int = POINTS
) -> list[float]:
    """The mean cosine between gradients at inputs 0, 1, … points - 1 steps apart, over lines and places on them.

    Line i runs from image i to image i + lines of `images` (N,C,H,W), N ≥ 2 lines; `targets` (N,) are their classes.
    The norms hold the statistics of all the images, so that no point's gradient depends on its neighbours. 1 where
    gradients point the same way, 0 where they have nothing in common.
    """
    if len(images) < 2 * lines:
        raise ValueError(f"{lines} lines need {2 * lines} images; {len(images)} given")
    total = torch.zeros(points, dtype=torch.float64)
    with recomputed(network, images), torch.enable_grad():
        for start, end, label in zip(images[:lines], images[lines:], targets[:lines].tolist(), strict=False):
            gradients = _gradients(network, line(start, end, points), label)
            cosines = (gradients @ gradients.T).cpu().double()
            total += torch.stack([cosines.diagonal(lag).mean() for lag in range(points)])
    return (total / lines).tolist()


def line(start: Tensor, end: Tensor, points: int) -> Tensor:
    """(points,C,H,W): from the image `start` to the image `end`, evenly, both included."""
    return torch.stack([torch.lerp(start, end, share) for share in torch.linspace(0, 1, points).tolist()])


def _gradients(network: nn.Module, inputs: Tensor, label: int) -> Tensor:
    """(M,C·H·W): the gradient of one logit by the pixels of each of M inputs, at length 1."""
    inputs = inputs.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(network(inputs)[:, label].sum(), inputs)
    return F.normalize(gradients.flatten(1).float(), dim=1)
