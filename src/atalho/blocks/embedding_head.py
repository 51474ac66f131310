"""The end of a network that re-identifies: pooling, an embedding, batch norm as neck, a classifier for training.

BNNeck (Luo et al. 2019, "Bag of tricks", section 3.5): the triplet loss sees the feature before the batch norm, where
Euclidean distances mean something, and the classifier the one after it, where directions do.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.head import linear_classifier
from atalho.blocks.kinds import PoolingKind


class GeneralizedMean(nn.Module):
    """(N,C,H,W) → (N,C): the mean of the p-th powers and its p-th root, with p learned (Radenović et al. 2018, 3.2).

    p = 1 is average pooling; as p grows the largest value decides.
    """

    FIRST = 3.0
    _SMALLEST = 1e-6

    def __init__(self) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.full((1,), self.FIRST))

    def forward(self, features: Tensor) -> Tensor:
        # In single precision: a power of a bf16 number has few digits left.
        powers = features.float().clamp(min=self._SMALLEST).pow(self.power)
        return powers.mean((2, 3)).pow(1 / self.power)


class EmbeddingHead(nn.Module):
    """Features to embeddings (N,E) and, in training, to the scores of the identities (N,K).

    Args:
        in_channels: Channels C of the features.
        embedding: Length E of the embedding; a linear layer reduces to it where it is not C.
        classes: Identities K in training.
        pooling: "average", or "gem" for `GeneralizedMean`.
    """

    def __init__(self, in_channels: int, embedding: int, classes: int, pooling: PoolingKind) -> None:
        super().__init__()
        self.pooling = GeneralizedMean() if pooling == "gem" else nn.AdaptiveAvgPool2d(1)
        same = embedding == in_channels
        self.reduction = nn.Identity() if same else nn.Linear(in_channels, embedding, bias=False)
        self.neck = nn.BatchNorm1d(embedding)
        # A shift would move the origin, from which the classifier measures angles.
        self.neck.bias.requires_grad_(False)
        self.classifier = linear_classifier(embedding, classes, bias=False)

    def before_neck(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → (N,E), compared by Euclidean distance."""
        return self.reduction(self.pooling(features).flatten(1))  # type: ignore[no-any-return]

    def embedding(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → (N,E), compared by the cosine."""
        return self.neck(self.before_neck(features))  # type: ignore[no-any-return]

    def forward(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → logits (N,K)."""
        return self.classifier(self.embedding(features))  # type: ignore[no-any-return]

    def scores(self, before: Tensor) -> Tensor:
        """(N,E) of `before_neck` → logits (N,K)."""
        return F.linear(self.neck(before), self.classifier.weight)
