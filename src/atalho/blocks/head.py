"""The end of a classifier: average pooling, dropout, one linear layer."""

import torch.nn.functional as F
from torch import Tensor, nn

from atalho import chance
from atalho.errors import ConfigError


class Dropout(nn.Module):
    """Sets a share `p` of the elements to zero while training, and scales the others by 1 / (1 - p).

    Inside `chance.batch` a sample keeps its mask whatever else is in its batch; outside it is torch's dropout.

    Args:
        p: Share of the elements, from 0 up to, but not, 1. Raises ConfigError for others.
        number: Tells the dropouts of one network apart, so that their masks differ.
    """

    def __init__(self, p: float, number: int = 0) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ConfigError("dropout {given!r}: expected a number from 0 up to, but not including, 1", given=p)
        self.p = p
        self.number = number

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) → (N, ...)."""
        if not self.training or self.p == 0:
            return x
        flowing = chance.current_batch()
        if flowing is None:
            return F.dropout(x, self.p)
        drawn = chance.uniform_like(x, flowing.seed, f"dropout {self.number}", flowing.epoch, flowing.ids)
        return x * (drawn >= self.p) / (1 - self.p)

    def extra_repr(self) -> str:
        """What print shows of it."""
        return f"p={self.p}"


def linear_classifier(in_features: int, classes: int, *, bias: bool = True) -> nn.Linear:
    """(N,D) → (N,K). With no classes it has no weights, and gives (N,0)."""
    layer = nn.Linear(in_features, max(1, classes), bias=bias)
    if classes == 0:  # torch warns of a layer that is made so
        layer.out_features, layer.weight = 0, nn.Parameter(layer.weight.detach()[:0])
        layer.bias = nn.Parameter(layer.bias.detach()[:0]) if bias else layer.bias
    return layer


class ClassifierHead(nn.Module):
    """Features to class scores; `embedding` stops after the pooling.

    Args:
        in_channels: Channels C of the features.
        classes: Classes K; 0 for a network that gives embeddings alone.
        dropout: Share of the pooled features that are set to zero in training.
    """

    def __init__(self, in_channels: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.classifier = linear_classifier(in_channels, classes)

    def embedding(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → (N,C): the mean over all positions."""
        return F.adaptive_avg_pool2d(features, 1).flatten(1)

    def forward(self, features: Tensor) -> Tensor:
        """(N,C,H,W) → logits (N,K)."""
        return self.classifier(self.dropout(self.embedding(features)))  # type: ignore[no-any-return]
