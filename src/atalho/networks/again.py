"""Activations that are not kept for the backward pass but made again when it asks for them.

Two ways. Both run the same kernels on the same numbers as the plain network, so the gradients are equal to the bit:

- `remade` keeps what enters a norm and forgets what leaves norm and ReLU. They cost little to repeat; convolutions,
  which cost much, are not repeated (Pleiss et al. 2017, "Memory-efficient implementation of DenseNets").
- `again` keeps what enters a part of a network and repeats all of that part (Chen et al. 2016, "Training deep nets
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

Step = Callable[[Tensor], Tensor]


class _Recipe:
    """How a tensor is made again: at the first of `asks`, to be forgotten after the last, so that a second backward
    pass makes it anew."""

    def __init__(self, make: Callable[[], Tensor], asks: int) -> None:
        self._make, self._asks = make, asks
        self._made: Tensor | None = None
        self._left = asks

    def __call__(self) -> Tensor:
        if self._made is None:
            with torch.no_grad():
                self._made = self._make()
        made, self._left = self._made, self._left - 1
        if self._left == 0:
            self._made, self._left = None, self._asks
        return made


def remade(norm: nn.Module, x: Tensor, then: Step, room: Tensor | None = None) -> Tensor:
    """`then(relu(norm(x)))` for x (N,C,H,W), of which only x is kept for the backward pass.

    Where x is a slice of a larger tensor's channels, that tensor is kept, and the copy that the norm needs is made
    in `room`, memory of as many elements as x has or more, which the next call may use again (new memory if not
    given). `then` keeps its input once, as a convolution does.
    """
    layout = layout_of(x)
    if x.is_contiguous(memory_format=layout):
        normed, entered = norm(x), _Recipe(x.detach, asks=1)
    else:
        slice_, place = x.detach(), shaped(x.new_empty(x.numel()) if room is None else room, x)
        # The norm asks for it, and the ReLU behind the norm.
        entered = _Recipe(lambda: place.copy_(slice_), asks=2)
        copied = copied_to(place, x)
        with _kept_as(entered, copied):
            normed = norm(copied)

    def activate() -> Tensor:
        with still((norm,)):
            return F.relu_(norm(entered()))

    # The ReLU asks for it, and what follows.
    activated = _Recipe(activate, asks=2)
    with saved_tensors_hooks(lambda _output: activated, _unpack):
        # In place: a norm does not keep what it gives.
        active = F.relu_(normed)
    with _kept_as(activated, active):
        return then(active)


def shaped(room: Tensor, x: Tensor) -> Tensor:
    """The first elements of `room`, one dimension, as a tensor of the shape and layout of x (N,C,H,W)."""
    images, channels, *area = x.shape
    start = room[: x.numel()]
    if layout_of(x) == torch.channels_last:
        return start.view(images, *area, channels).permute(0, 3, 1, 2)
    return start.view(x.shape)


def copied_to(place: Tensor, x: Tensor) -> Tensor:
    """x, which lies in `place` from now on."""
    return _Copied.apply(x, place)  # type: ignore[no-any-return]


class _Copied(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, place: Tensor) -> Tensor:
        place.copy_(x)
        # Not `detach`, which would share the count of changes: the next layer writes here too.
        return place.data

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def again(part: Step, norms: tuple[nn.Module, ...], parameters: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """`part(x)`, of which only x is kept for the backward pass. `norms` and `parameters` are those of the part."""
    return _Again.apply(part, norms, x, *parameters)  # type: ignore[no-any-return]


class _Again(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Step, norms: tuple[nn.Module, ...], x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.part, ctx.norms, ctx.surroundings = part, norms, _Surroundings(x.device.type)
        ctx.save_for_backward(x, *parameters)
        with ctx.surroundings.entered():
            return part(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, *parameters = ctx.saved_tensors
        x = x.detach().requires_grad_(ctx.needs_input_grad[2])
        with torch.enable_grad(), ctx.surroundings.entered(), still(ctx.norms):
            y = ctx.part(x)
        wanted = [tensor for tensor in (x, *parameters) if tensor.requires_grad]
        found = iter(torch.autograd.grad(y, wanted, gradient))
        return None, None, *(next(found) if tensor.requires_grad else None for tensor in (x, *parameters))


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
        """The same again, also in the thread of the backward pass."""
        with ExitStack() as stack:
            # Without its cache: weights that were cast where no gradient flows would be taken where one must.
            stack.enter_context(torch.autocast(self._device, self._dtype, enabled=self._enabled, cache_enabled=False))
            if self._batch is not None:
                stack.enter_context(chance.batch(*self._batch))
            yield


@contextmanager
def still(modules: tuple[nn.Module, ...]) -> Iterator[None]:
    """While it lasts, the norms among `modules` see their batch without counting it into the running statistics."""
    norms = [module for module in modules if isinstance(module, _BatchNorm) and module.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


def layout_of(x: Tensor) -> torch.memory_format:
    """Whether channels lie innermost in x (N,C,H,W) or in the larger tensor of which it is a slice."""
    return torch.channels_last if x.ndim == 4 and x.stride(1) == 1 else torch.contiguous_format


@contextmanager
def _kept_as(recipe: _Recipe, tensor: Tensor) -> Iterator[None]:
    """While it lasts, layers that keep `tensor` for the backward pass keep the recipe instead."""
    storage, shape = _storage(tensor), tensor.shape

    def pack(saved: Tensor) -> Tensor | _Recipe:
        return recipe if _storage(saved) == storage and saved.shape == shape else saved

    with saved_tensors_hooks(pack, _unpack):
        yield


def _unpack(packed: Tensor | _Recipe) -> Tensor:
    return packed() if isinstance(packed, _Recipe) else packed


def _storage(tensor: Tensor) -> int:
    # Not the address of the data, which tensors on the meta device do not have.
    return int(tensor.untyped_storage()._cdata)
