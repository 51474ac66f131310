"""Muon: momentum SGD in which each layer's step is replaced by the nearest matrix with orthonormal rows or columns.

The gradient of a layer is dominated by few directions; orthogonalised, the step moves the weights as far along all
others. After Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". `torch.optim.Muon` takes
matrices alone, one at a time, in bf16; here filters count as the rows of a matrix, and layers of one shape are
orthogonalised together, in the precision of the weights.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor

SHARE: Final = 0.25
"""The learning rate of an orthogonalised step as a multiple of SGD's, so that one `training.lr` serves both."""
_STEPS: Final = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
"""a + b·s² + c·s⁴ multiplies each singular value s, `_STEPS` times: those above 0.001 end between 0.6 and 1.3."""


def orthogonalised(matrices: Tensor) -> Tensor:
    """(N,R,C) matrices with their singular vectors and with singular values near 1, by Newton–Schulz iterations.

    The polynomial is applied to the smaller of M·Mᵀ and Mᵀ·M, so that only one product is with the matrix itself.
    A matrix of zeros stays one.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    start = matrices.mT if tall else matrices
    start = start / torch.linalg.vector_norm(start, dim=(1, 2), keepdim=True).clamp(min=1e-12)
    gram = start @ start.mT
    one: Tensor = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    product = one
    for _step in range(_STEPS):
        factor = torch.baddbmm(_A * one + _B * gram, gram, gram, alpha=_C)
        product = factor @ product
        gram = factor @ gram @ factor
    result: Tensor = product @ start
    return result.mT if tall else result


class Muon(torch.optim.SGD):
    """SGD, with orthogonalised steps for the groups that say `orthogonal`; their weight decay is apart from the step.

    Where `found_inf` is not zero, neither weights nor momentum change, as in torch's fused optimizers.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], *, lr: float, momentum: float, nesterov: bool) -> None:
        super().__init__(groups, lr=lr, momentum=momentum, nesterov=nesterov, fused=True)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change the weights once, by the gradients that lie beside them."""
        groups = self.param_groups
        for group in groups:
            if group["orthogonal"]:
                self._step(group)
        self.param_groups = [group for group in groups if not group["orthogonal"]]
        try:
            super().step(closure)
        finally:
            self.param_groups = groups

    def _step(self, group: dict[str, Any]) -> None:
        found: Tensor | None = getattr(self, "found_inf", None)
        alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for weight in group["params"]:
            if weight.grad is None:
                continue
            if "momentum_buffer" not in self.state[weight]:
                self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
            held = self.state[weight]["momentum_buffer"]
            momentum = group["momentum"] * held + weight.grad
            step = weight.grad + group["momentum"] * momentum if group["nesterov"] else momentum
            held.copy_(momentum if found is None else torch.where(found > 0, held, momentum))
            alike[weight.flatten(1).shape].append((weight, step.flatten(1)))
        for (rows, columns), pairs in alike.items():
            rate, size = group["lr"] * SHARE, max(1.0, rows / columns) ** 0.5
            weights, steps = zip(*pairs, strict=True)
            for weight, step in zip(weights, orthogonalised(torch.stack(steps)), strict=True):
                moved = weight * (1 - rate * group["weight_decay"]) - rate * size * step.view_as(weight)
                weight.copy_(moved if found is None else torch.where(found > 0, weight, moved))
