"""Average query expansion (Chum et al. 2007): a query looks again, as the mean of itself and what it found first."""

import torch
from torch import Tensor

from atalho.errors import ConfigError
from atalho.text import Text

_ROWS = 512


def expanded(queries: Tensor, found: Tensor) -> Tensor:
    """Unit queries (Q,D) averaged with the unit vectors (Q,n,D) of their first `n` answers, as unit vectors (Q,D)."""
    if found.ndim != 3 or found.shape[0] != len(queries) or found.shape[2] != queries.shape[1]:
        raise ConfigError(
            Text(
                "{queries} queries cannot be averaged with answers of shape {shape}.",
                queries=tuple(queries.shape),
                shape=tuple(found.shape),
            )
        )
    return torch.nn.functional.normalize(queries + found.sum(1), dim=1)


def expanded_in(queries: Tensor, gallery: Tensor | None, count: int) -> Tensor:
    """Unit queries (Q,D) averaged with their `count` nearest of a gallery (G,D), as unit vectors (Q,D).

    Without a gallery the queries are their own, and that a query finds itself is no answer.
    """
    kept = queries if gallery is None else gallery
    most = min(count, len(kept) - (gallery is None))
    parts = []
    for start in range(0, len(queries), _ROWS):
        part = queries[start : start + _ROWS]
        similarity = part @ kept.T
        if gallery is None:
            similarity[torch.arange(len(part)), torch.arange(start, start + len(part))] = -torch.inf
        parts.append(expanded(part, kept[similarity.topk(most, dim=1).indices]))
    return torch.cat(parts) if parts else queries
