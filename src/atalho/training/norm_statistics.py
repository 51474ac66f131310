"""Batch norm's running statistics, measured on training images with the very weights that are evaluated and shipped.

During training the running statistics move a tenth of the way a batch, and the averaged weights lag behind as well.
After a few dozen steps they still describe networks long gone, so that a network that learned well classifies badly
in eval mode. A pass over training images measures them for the weights as they are (Wu and Johnson 2021, "Rethinking
'Batch' in BatchNorm", section 3).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from atalho import chance
from atalho.data import order
from atalho.data.on_device import iterate
from atalho.networks.network import Network
from atalho.tasks.task import Objective

SHIPPED: Final = 2048
"""Training images behind the statistics of a finished network: 32,768 values a channel where a map has 4 × 4 places."""
FEWEST: Final = 256
"""Training images behind the statistics for a validation, or as many as are validated if that is more."""
CAUGHT_UP: Final = 200
"""Steps after which running statistics describe the network well enough to validate with."""
_BATCH: Final = 256


@torch.no_grad()
def set_statistics(network: Network, objective: Objective, most: int = SHIPPED) -> None:
    """Give the norms of `network` the mean and variance of at most `most` training images, prepared as for evaluation.

    Which images is decided by the seed. The result is a function of weights and images, so a resumed run ends alike.
    """
    ids = chance.permutation(objective.seed, "norm statistics", 0, objective.train)[:most]
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not norms or len(ids) < 2:  # one image has no variance where a map is one pixel
        return
    momenta = [norm.momentum for norm in norms]
    was_training = network.training
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = None  # the plain mean over all batches
    precision = objective.precision
    try:
        batches = (ids[part] for part in order.parts(len(ids), _BATCH))
        for _ids, raw in iterate(objective.images, batches, precision.device):
            images = precision.arranged(objective.prepared.apply(raw))
            with precision.autocast():
                network(images)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        network.train(was_training)


@contextmanager
def borrowed_statistics(network: Network, objective: Objective, most: int) -> Iterator[None]:
    """`set_statistics` while it lasts; afterwards the norms are as they were, so a measurement leaves no trace."""
    buffers = [buffer for module in network.modules() if isinstance(module, _BatchNorm) for buffer in module.buffers()]
    before = [buffer.clone() for buffer in buffers]
    set_statistics(network, objective, most)
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
