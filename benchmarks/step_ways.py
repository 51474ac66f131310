"""Other ways to compute the same step on a CPU in fp32: what step_attempts.py tries, none of it part of Atalho.

Each changes how the modules of a network compute; names and weights stay. "in_place", "one_function", "pool_first" and
"contiguous_stem" give the same bits; the others sum in another order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from atalho.blocks.residual import BasicBlock
from atalho.blocks.stem import LargeStem, SmallStem
from atalho.networks import Network

LAST = torch.channels_last
Forward = Callable[[Any, Tensor], Tensor]


def replace(network: nn.Module, kind: type[nn.Module], forward: Forward) -> None:
    """Give every module of a kind another forward."""
    for module in network.modules():
        if type(module) is kind:
            module.forward = forward.__get__(module)


def wide(network: nn.Module, least: int) -> Iterator[nn.Conv2d]:
    """The 3x3 convolutions of stride 1 from so many channels on."""
    for layer in network.modules():
        plain = isinstance(layer, nn.Conv2d) and (layer.kernel_size, layer.stride) == ((3, 3), (1, 1))
        if plain and layer.in_channels >= least:
            yield layer


def in_place(network: Network) -> None:
    """Every ReLU, and the sum of a block, in the memory of what enters it."""
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    replace(network, BasicBlock, lambda self, x: F.relu_(self.residual(x).add_(self.shortcut(x))))
    replace(network, SmallStem, lambda self, x: F.relu_(self.norm(self.conv(x))))
    replace(network, LargeStem, lambda self, x: self.pool(F.relu_(self.norm(self.conv(x)))))


class NormSumRelu(torch.autograd.Function):
    """Batch norm, perhaps the sum with a shortcut, and ReLU: keeps what enters and what leaves."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, norm: nn.BatchNorm2d, other: Tensor | None
    ) -> Tensor:
        statistics = norm.running_mean, norm.running_var
        y, mean, deviation = torch.native_batch_norm(x, weight, bias, *statistics, True, norm.momentum, norm.eps)
        if other is not None:
            y.add_(other)
        y.relu_()
        ctx.save_for_backward(x, weight, mean, deviation, y)
        ctx.norm, ctx.summed = norm, other is not None
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, deviation, y = ctx.saved_tensors
        statistics = ctx.norm.running_mean, ctx.norm.running_var
        gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        found = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, *statistics, mean, deviation, True, ctx.norm.eps, [True, True, True]
        )
        return *found, None, gradient if ctx.summed else None


def one_function(network: Network) -> None:
    """Batch norm, sum and ReLU as one function of autograd."""

    def active(norm: nn.BatchNorm2d, x: Tensor, other: Tensor | None = None) -> Tensor:
        norm.num_batches_tracked.add_(1)
        return NormSumRelu.apply(x, norm.weight, norm.bias, norm, other)

    def block(self: BasicBlock, x: Tensor) -> Tensor:
        layers = self.residual
        y = layers.conv2(active(layers.norm1, layers.conv1(x)))
        return active(layers.norm2, y, self.shortcut(x))

    replace(network, BasicBlock, block)
    replace(network, SmallStem, lambda self, x: active(self.norm, self.conv(x)))
    replace(network, LargeStem, lambda self, x: self.pool(active(self.norm, self.conv(x))))


def pool_first(network: Network) -> None:
    """Max pooling before the ReLU of the large stem, on a quarter as many numbers."""
    replace(network, LargeStem, lambda self, x: F.relu(self.pool(self.norm(self.conv(x)))))


def weight_gradient(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: Sequence[int], padding: Sequence[int]
) -> Tensor:
    """As PyTorch computes it, in the layout of what comes in."""
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, None, stride, padding, [1, 1], False, [0, 0], 1, [False, True, False]
    )[1]


def input_gradient(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Of a 3x3 convolution of stride 1, as PyTorch computes it."""
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [True, False, False]
    )[0]


class ContiguousForward(torch.autograd.Function):
    """A convolution of images, in the layout of its result but computed contiguous."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: nn.Conv2d, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.layer = layer
        y = F.conv2d(x.contiguous(), weight.contiguous(), None, layer.stride, layer.padding)
        return y.contiguous(memory_format=LAST)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        return None, None, weight_gradient(gradient, x, weight, ctx.layer.stride, ctx.layer.padding)


def contiguous_stem(network: Network) -> None:
    """The first convolution forward in the contiguous layout, its weight gradient channels last."""
    layer = network.stem.conv
    layer.forward = lambda x: ContiguousForward.apply(x, layer, layer.weight)


def folded_stem(network: Network) -> None:
    """The 7x7 convolution of stride 2 as a 4x4 one of stride 1 on 12 channels, of every second pixel each."""
    layer = network.stem.conv

    def folded(x: Tensor, *sides: int) -> Tensor:
        return F.pixel_unshuffle(F.pad(x, sides), 2).contiguous(memory_format=LAST)

    layer.forward = lambda x: F.conv2d(folded(x, 4, 2, 4, 2), folded(layer.weight, 1, 0, 1, 0))


def tiles(x: Tensor, size: int) -> Tensor:
    """(N,C,H,W) → (size · size, N · H/4 · W/4 · C), copied: squares of that size, one every four pixels."""
    x = x.contiguous(memory_format=LAST).permute(0, 2, 3, 1)
    images, height, width, channels = x.shape
    step, down, across, one = x.stride()
    counts = (images, (height - size) // 4 + 1, (width - size) // 4 + 1, channels)
    return x.as_strided((size, size, *counts), (down, across, step, 4 * down, 4 * across, one)).reshape(size * size, -1)


def _square(rows: Sequence[Sequence[float]]) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(matrix, matrix).float()


# Winograd's F(4x4, 3x3) with the points 0, ±1, ±2 and infinity (Lavin and Gray 2016, section 4.3): of the squares that
# enter, of the weights, and of those that leave.
ENTER = _square(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
WEIGHT = _square(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
LEAVE = _square([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def convolved(x: Tensor, weight: Tensor) -> Tensor:
    """(N,C,H,W), (C',C,3,3) → (N,C',H,W) by Winograd's algorithm; sides must be multiples of four."""
    images, before, height, width = x.shape
    after = len(weight)
    weights = (WEIGHT @ weight.permute(2, 3, 1, 0).reshape(9, -1)).view(36, before, after)
    products = torch.bmm((ENTER @ tiles(F.pad(x, (1, 1, 1, 1)), 6)).view(36, -1, before), weights)
    y = (LEAVE @ products.view(36, -1)).view(4, 4, images, height // 4, width // 4, after)
    return y.permute(2, 3, 0, 4, 1, 5).reshape(images, height, width, after).permute(0, 3, 1, 2)


def winograd_weight_gradient(gradient: Tensor, x: Tensor) -> Tensor:
    """(N,C',H,W), (N,C,H,W) → (C',C,3,3); sides must be multiples of four."""
    after, before = gradient.shape[1], x.shape[1]
    left = (LEAVE.t() @ tiles(gradient, 4)).view(36, -1, after)
    entered = (ENTER @ tiles(F.pad(x, (1, 1, 1, 1)), 6)).view(36, -1, before)
    products = torch.bmm(left.transpose(1, 2), entered).view(36, -1)
    return (WEIGHT.t() @ products).view(3, 3, after, before).permute(2, 3, 0, 1)


def matrix_weight_gradient(gradient: Tensor, x: Tensor) -> Tensor:
    """(N,C',H,W), (N,C,H,W) → (C',C,3,3), as one product of matrices."""
    x = F.pad(x, (1, 1, 1, 1)).contiguous(memory_format=LAST).permute(0, 2, 3, 1)
    images, height, width, before = x.shape
    step, down, across, one = x.stride()
    shape = (images, height - 2, width - 2, 3, 3, before)
    columns = x.as_strided(shape, (step, down, across, down, across, one)).reshape(-1, 9 * before)
    after = gradient.shape[1]
    return (gradient.permute(0, 2, 3, 1).reshape(-1, after).t() @ columns).view(after, 3, 3, before).permute(0, 3, 1, 2)


class OwnConvolution(torch.autograd.Function):
    """A 3x3 convolution of stride 1 whose parts are given: `forward`, `weights` and `inputs`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, parts: dict[str, Callable[..., Tensor]]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.parts = parts
        return parts["forward"](x, weight) if "forward" in parts else F.conv2d(x, weight, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        if "inputs" in ctx.parts:
            entered = ctx.parts["inputs"](gradient, weight.flip(2, 3).transpose(0, 1))
        else:
            entered = input_gradient(gradient, x, weight)
        return entered, ctx.parts["weights"](gradient, x), None


def own_convolutions(least: int, **parts: Callable[..., Tensor]) -> Callable[[Network], None]:
    def change(network: Network) -> None:
        for layer in wide(network, least):
            layer.forward = lambda x, layer=layer: (
                nn.Conv2d.forward(layer, x)
                if x.shape[2] % 4 or x.shape[3] % 4
                else OwnConvolution.apply(x, layer.weight, parts)
            )

    return change


WAYS: dict[str, Callable[[Network], None]] = {
    "in_place": in_place,
    "one_function": one_function,
    "pool_first": pool_first,
    "contiguous_stem": contiguous_stem,
    "folded_stem": folded_stem,
    "winograd": own_convolutions(128, forward=convolved, inputs=convolved, weights=winograd_weight_gradient),
    "winograd_weights": own_convolutions(128, weights=winograd_weight_gradient),
    "winograd_weights_64": own_convolutions(64, weights=winograd_weight_gradient),
    "matrix_weights": own_convolutions(512, weights=matrix_weight_gradient),
    "compiled": lambda network: network.compile(),
}
