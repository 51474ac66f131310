"""Centre loss (Wen et al. 2016, "A discriminative feature learning approach", section 3.2)."""

import torch
from torch import Tensor


class CentreLoss:
    """Half the mean squared distance of features (N,D) to the centres (K,D) of their identities.

    The centres follow the features by the paper's equation 4, with rate 0.5, not by gradients. They are state: a
    checkpoint holds them, and they change in place.
    """

    RATE = 0.5

    def __init__(self, identities: int, dimension: int, device: torch.device | None = None) -> None:
        self.centres = torch.zeros(identities, dimension, device=device)

    def __call__(self, features: Tensor, labels: Tensor) -> Tensor:
        """The loss by the centres as they are; they move after it. All lie on one device."""
        difference = features.float() - self.centres[labels]
        loss = difference.square().sum(1).mean() / 2
        self._follow(difference.detach(), labels)
        return loss

    @torch.no_grad()
    def _follow(self, difference: Tensor, labels: Tensor) -> None:
        same = labels[:, None] == labels[None, :]
        # The first image of each identity stands for it: to ask which identities there are would wait for the device.
        first = same.int().argmax(1)
        sums = torch.zeros_like(difference).index_add_(0, first, difference)[first]
        self.centres[labels] += self.RATE * sums / (1 + same.sum(1, keepdim=True))
