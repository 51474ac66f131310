"""The end of a classifier: average pooling, dropout, one linear layer."""

import torch.nn.functional as F
from torch import Tensor, nn

from atalho.blocks.dropout import Dropout


class ClassifierHead(nn.Module):
    """Features to class scores; `embedding` stops after the pooling."""

    def __init__(self, in_channels: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(in_channels, classes)

    def embedding(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C): the mean over all positions."""
        return F.adaptive_avg_pool2d(features, 1).flatten(1)

    def forward(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → logits (N,K)."""
        return self.classifier(self.dropout(self.embedding(features)))  # type: ignore[no-any-return]
