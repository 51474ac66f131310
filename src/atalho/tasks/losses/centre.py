"""Centre loss (Wen et al. 2016, "A discriminative feature learning approach", section 3.2)."""

import torch
from torch import Tensor


class CentreLoss:
    """Half the mean squared distance of features (N,D) to the centres (K,D) of their identities.

    The centres follow the features by the paper's equation 4, with rate 0.5, not by gradients. They are state: a
    checkpoint holds them, and they change in place.
    """

    RATE = 0.5

    def __init__(self, identities: int, dimension: int) -> None:
        self.centres = torch.zeros(identities, dimension)

    def __call__(self, features: Tensor, labels: Tensor) -> Tensor:
        """The loss by the centres as they are; they move after it."""
        features = features.float()
        difference = features - self.centres[labels].to(features.device)
        loss = difference.square().sum(1).mean() / 2
        self._follow(difference.detach().cpu(), labels.cpu())
        return loss

    @torch.no_grad()
    def _follow(self, difference: Tensor, labels: Tensor) -> None:
        seen, owner, count = torch.unique(labels, return_inverse=True, return_counts=True)
        sums = torch.zeros(len(seen), difference.shape[1]).index_add_(0, owner, difference)
        self.centres[seen] += self.RATE * sums / (1 + count[:, None])
