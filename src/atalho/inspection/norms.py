"""What the norms of a network take as mean and variance while it is inspected. Afterwards they are as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Norm = nn.BatchNorm1d | nn.BatchNorm2d


def norms(network: nn.Module) -> list[Norm]:
    """The norms of a network, from the image to the classifier."""
    return [module for module in network.modules() if isinstance(module, Norm)]


@contextmanager
def by_batch(network: nn.Module) -> Iterator[None]:
    """While entered, norms use the statistics of the batch that flows, as in training, but remember nothing of it.

    Everything else, such as dropout, is as in evaluation.
    """
    with _kept_mode(network):
        for norm in norms(network):
            # Without tracking, a norm in training neither reads nor writes its running statistics.
            norm.training, norm.track_running_stats = True, False
        yield


@contextmanager
def recomputed(network: nn.Module, images: Tensor) -> Iterator[None]:
    """While entered, the network is in eval mode and its norms hold the statistics of `images` (N,C,H,W).

    A network at its beginning has norms that never saw an image; with these statistics each image's output depends
    on that image alone, and yet the norms do what they do in training.
    """
    touched = norms(network)
    names = ("running_mean", "running_var", "num_batches_tracked")
    before = [[getattr(norm, name).clone() for name in names] for norm in touched]
    momenta = [norm.momentum for norm in touched]
    with _kept_mode(network):
        try:
            for norm in touched:
                norm.training, norm.momentum = True, 1.0  # the last batch alone counts
            with torch.no_grad():
                network(images)
            network.eval()
            yield
        finally:
            for norm, values, momentum in zip(touched, before, momenta, strict=True):
                norm.momentum = momentum
                for name, value in zip(names, values, strict=True):
                    getattr(norm, name).copy_(value)


@contextmanager
def _kept_mode(network: nn.Module) -> Iterator[None]:
    """Eval mode while entered; afterwards each module returns to the mode that it was in."""
    modes = [(module, module.training) for module in network.modules()]
    tracking = [(norm, norm.track_running_stats) for norm in norms(network)]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for norm, tracked in tracking:
            norm.track_running_stats = tracked
