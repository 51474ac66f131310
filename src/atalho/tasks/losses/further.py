"""Further losses through pytorch-metric-learning (the extra `reid`): those that learn nothing of their own."""

import importlib
from collections.abc import Callable
from typing import Final

from torch import Tensor

from atalho.config import FurtherLoss
from atalho.errors import ConfigError, install
from atalho.text import Text

_CLASSES: Final = {
    "circle": "CircleLoss",
    "multi-similarity": "MultiSimilarityLoss",
    "contrastive": "ContrastiveLoss",
    "nt-xent": "NTXentLoss",
    "sup-con": "SupConLoss",
}


def further(name: FurtherLoss) -> Callable[[Tensor, Tensor], Tensor] | None:
    """The loss of features (N,D) and labels (N,) with the library's defaults; None for none.

    Raises ConfigError where the library is not installed.
    """
    if name == "none":
        return None
    try:
        losses = importlib.import_module("pytorch_metric_learning.losses")
    except ImportError:
        reason = Text("The loss {name} needs pytorch-metric-learning.", name=name)
        raise ConfigError(Text.joined(reason, install("reid"))) from None
    loss: Callable[[Tensor, Tensor], Tensor] = getattr(losses, _CLASSES[name])()
    return loss
