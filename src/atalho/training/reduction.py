"""One sum over all ranks makes their gradients that of the whole batch, and keeps the replicas equal.

It is written out, and not left to DistributedDataParallel: that one rebuilds its buckets after the first step of
a process, so that with three or more ranks a resumed run would add in another order and end with other bits. Here
the layout is a function of the network. The price is that the sum does not begin before the backward pass ends.
"""

import torch
from torch import Tensor, nn

from atalho.training.distributed import Ranks, all_reduce


class GradientReduction:
    """Sums the gradients of `network` over `ranks`, and averages the statistics of its norms. Alone it does nothing."""

    def __init__(self, network: nn.Module, ranks: Ranks) -> None:
        self._ranks = ranks
        if ranks.world == 1:
            return
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        tensors = [*self._parameters, *self._statistics]
        self._first_statistic = sum(parameter.numel() for parameter in self._parameters)
        self._flat = tensors[0].new_zeros(sum(tensor.numel() for tensor in tensors) + 2)
        self._views = _views(self._flat, tensors)

    @torch.no_grad()
    def __call__(self, loss: Tensor, right: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """The loss of the whole batch and how many were right, from those of this rank's part of it.

        Gradients and `loss` must already count as their part of the batch (`classification.part`); statistics count
        as `share` of it. What comes back, like the gradients and statistics, has the same bits on every rank.
        """
        if self._ranks.world == 1:
            return loss, right
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in self._parameters
        ]
        tensors = [*gradients, *self._statistics]
        torch._foreach_copy_(self._views, tensors)
        self._flat[self._first_statistic : -2] *= share
        self._flat[-2], self._flat[-1] = loss, right
        all_reduce(self._flat)
        torch._foreach_copy_(tensors, self._views)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient if parameter.requires_grad else None
        return self._flat[-2].clone(), self._flat[-1].round().long()


def _views(flat: Tensor, tensors: list[Tensor]) -> list[Tensor]:
    """Parts of `flat`, one for each tensor, laid out in memory as that tensor is, so that copying is straight."""
    views, start = [], 0
    for tensor in tensors:
        views.append(flat.as_strided(tensor.shape, tensor.stride(), start))
        start += tensor.numel()
    return views
