"""Average query expansion (Chum et al. 2007): a query looks again, as the mean of itself and what it found first."""

import torch
from torch import Tensor

from atalho.errors import ConfigError
from atalho.locale import _


def expanded(queries: Tensor, found: Tensor) -> Tensor:
    """Unit queries (Q,D) averaged with the unit vectors (Q,n,D) of their first `n` answers, as unit vectors (Q,D)."""
    if found.ndim != 3 or found.shape[0] != len(queries) or found.shape[2] != queries.shape[1]:
        raise ConfigError(
            _("{queries} queries cannot be averaged with answers of shape {shape}.").format(
                queries=tuple(queries.shape), shape=tuple(found.shape)
            )
        )
    return torch.nn.functional.normalize(queries + found.sum(1), dim=1)
