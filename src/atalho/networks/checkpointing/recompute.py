"""Activations that are not kept for the backward pass but recomputed when it needs them.

Two ways. Both run the same kernels on the same numbers as the plain network, so the gradients are equal to the bit:

- `recompute_norm_relu` keeps what enters a norm and forgets what leaves norm and ReLU. They cost little to repeat;
  convolutions, which cost much, are not repeated (Pleiss et al. 2017, "Memory-efficient implementation of DenseNets").
- `recompute` keeps what enters a part of a network and repeats all of that part (Chen et al. 2016, "Training deep nets
  with sublinear memory cost").

A norm counts its batch once: a repetition leaves the running statistics alone. Atalho's dropout draws the same masks,
because a repetition knows which samples flow; numbers of torch's own generator are not drawn the same again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.modules.batchnorm import _BatchNorm

from atalho import chance

Function = Callable[[Tensor], Tensor]


class _Recomputation:
    """Stands for a tensor that is not kept: `compute` runs at the first of `uses` calls.

    Its result is dropped after the last, so that a second backward pass recomputes it.
    """

    def __init__(self, compute: Callable[[], Tensor], uses: int) -> None:
        self._compute, self._uses = compute, uses
        self._result: Tensor | None = None
        self._left = uses

    def __call__(self) -> Tensor:
        if self._result is None:
            with torch.no_grad():
                self._result = self._compute()
        result, self._left = self._result, self._left - 1
        if self._left == 0:
            self._result, self._left = None, self._uses
        return result


def recompute_norm_relu(norm: nn.Module, x: Tensor, then: Function, buffer: Tensor | None = None) -> Tensor:
    """`then(relu(norm(x)))` for x (N,C,H,W), of which only x is kept for the backward pass.

    Where x is a slice of a larger tensor's channels, that tensor is kept, and the copy that the norm needs is made
    in `buffer`, one-dimensional memory of as many elements as x has or more, which the next call may use again (new
    memory if not given). `then` keeps its input once, as a convolution does.
    """
    if x.is_contiguous(memory_format=memory_format_of(x)):
        normed, entered = norm(x), _Recomputation(x.detach, uses=1)
    else:
        slice_, target = x.detach(), view_as(x.new_empty(x.numel()) if buffer is None else buffer, x)
        # The norm asks for it, and the ReLU behind the norm.
        entered = _Recomputation(lambda: target.copy_(slice_), uses=2)
        copied = copy_into(target, x)
        with _kept_as(entered, copied):
            normed = norm(copied)

    def activate() -> Tensor:
        with unchanged_statistics((norm,)):
            return F.relu_(norm(entered()))

    # The ReLU asks for it, and what follows.
    activated = _Recomputation(activate, uses=2)
    with saved_tensors_hooks(lambda _output: activated, _unpack):
        # In place: a norm does not keep what it gives.
        active = F.relu_(normed)
    with _kept_as(activated, active):
        return then(active)


def view_as(buffer: Tensor, x: Tensor) -> Tensor:
    """The first elements of `buffer`, one dimension, as a tensor of the shape and memory format of x (N,C,H,W)."""
    images, channels, *area = x.shape
    start = buffer[: x.numel()]
    if memory_format_of(x) == torch.channels_last:
        return start.view(images, *area, channels).permute(0, 3, 1, 2)
    return start.view(x.shape)


def copy_into(target: Tensor, x: Tensor) -> Tensor:
    """x, copied into the memory of `target`; gradients flow back to x."""
    return _CopyInto.apply(x, target)  # type: ignore[no-any-return]


class _CopyInto(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, target: Tensor) -> Tensor:
        target.copy_(x)
        # Not `detach`, which would share the count of changes: the next layer writes here too.
        return target.data

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def recompute(part: Function, modules: tuple[nn.Module, ...], parameters: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """`part(x)`, of which only x is kept for the backward pass. `modules` and `parameters` are those of the part."""
    return _Recompute.apply(part, modules, x, *parameters)  # type: ignore[no-any-return]


class _Recompute(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Function, modules: tuple[nn.Module, ...], x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.part, ctx.modules, ctx.surroundings = part, modules, _Surroundings(x.device.type)
        ctx.save_for_backward(x, *parameters)
        with ctx.surroundings.entered():
            return part(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, *parameters = ctx.saved_tensors
        x = x.detach().requires_grad_(ctx.needs_input_grad[2])
        with torch.enable_grad(), ctx.surroundings.entered(), unchanged_statistics(ctx.modules):
            y = ctx.part(x)
        wanted = [tensor for tensor in (x, *parameters) if tensor.requires_grad]
        gradients = iter(torch.autograd.grad(y, wanted, gradient))
        return None, None, *(next(gradients) if tensor.requires_grad else None for tensor in (x, *parameters))


class _Surroundings:
    """What the layers' results depend on besides their input: autocast, and which samples flow."""

    def __init__(self, device: str) -> None:
        # A device without autocast, such as meta, is one where it is off.
        self._device = device if torch.amp.is_autocast_available(device) else "cpu"
        self._dtype = torch.get_autocast_dtype(self._device)
        self._enabled = self._device == device and torch.is_autocast_enabled(device)
        self._batch = chance.current_batch()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Restore them, also in the thread of the backward pass."""
        with ExitStack() as stack:
            # Without its cache: weights that were cast where no gradient flows would be taken where one must.
            stack.enter_context(torch.autocast(self._device, self._dtype, enabled=self._enabled, cache_enabled=False))
            if self._batch is not None:
                stack.enter_context(chance.batch(*self._batch))
            yield


@contextmanager
def unchanged_statistics(modules: tuple[nn.Module, ...]) -> Iterator[None]:
    """While it lasts, the norms among `modules` see their batch without counting it into the running statistics."""
    norms = [module for module in modules if isinstance(module, _BatchNorm) and module.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


def memory_format_of(x: Tensor) -> torch.memory_format:
    """Whether channels lie innermost in x (N,C,H,W) or in the larger tensor of which it is a slice."""
    return torch.channels_last if x.ndim == 4 and x.stride(1) == 1 else torch.contiguous_format


@contextmanager
def _kept_as(recomputation: _Recomputation, tensor: Tensor) -> Iterator[None]:
    """While it lasts, layers that keep `tensor` for the backward pass keep the recomputation instead."""
    storage, shape = _storage(tensor), tensor.shape

    def pack(saved: Tensor) -> Tensor | _Recomputation:
        return recomputation if _storage(saved) == storage and saved.shape == shape else saved

    with saved_tensors_hooks(pack, _unpack):
        yield


def _unpack(packed: Tensor | _Recomputation) -> Tensor:
    return packed() if isinstance(packed, _Recomputation) else packed


def _storage(tensor: Tensor) -> int:
    # Not the address of the data, which tensors on the meta device do not have.
    return int(tensor.untyped_storage()._cdata)
