"""Folding: a batch norm behind a convolution becomes part of its weights, and costs nothing in prediction any more.

With fixed statistics a batch norm is a scale and a shift of each channel, and so is a change of the weights and the
bias of the layer before it (Jacob et al. 2018, section 3.2). A norm that has no such layer directly before it stays:
the first one of a block with pre-activation, of a dense layer and of a transition.
"""

from __future__ import annotations

import copy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from atalho.networks.network import Network


def fold(network: Network) -> Network:
    """A copy for prediction alone, with fewer layers and the same outputs up to rounding (1e-5 of the largest).

    Parameters
    ----------
    network
        A trained network of any family; it stays as it is.

    Returns
    -------
    Network
        In evaluation mode and with frozen weights. Its weights are no longer those that its spec names, so it can
        neither be saved as a model nor grow: keep `network` for that.

    Examples
    --------
    >>> network, images = atalho.create("resnet20").eval(), torch.rand(2, 3, 32, 32)
    >>> torch.allclose(atalho.fold(network)(images), network(images), atol=1e-4)
    True
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    # Not the head: what is before its norm is an output of its own, compared by distance.
    for part in (folded.stem, folded.stages, folded.closing):
        for module in list(part.modules()):
            _fold_within(module)
    return folded


def _fold_within(module: nn.Module) -> None:
    """Layers of blocks and stems are registered in the order in which they compute."""
    for (name, layer), (norm_name, norm) in pairwise(list(module.named_children())):
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(layer, norm))
        elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
            setattr(module, name, fuse_linear_bn_eval(layer, norm))
        else:
            continue
        setattr(module, norm_name, nn.Identity())
