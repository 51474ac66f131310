"""Computing activations again: the same gradients to the bit, statistics counted once, nothing kept without need."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from atalho import chance
from atalho.blocks.head import Dropout
from atalho.networks.checkpointing.recompute import recompute, recompute_norm_relu


def _kept(run: nn.Module) -> tuple[Tensor, list[tuple[int, ...]]]:
    """What `run` gives, and the shapes of the feature maps that the plain layers keep."""
    shapes: list[tuple[int, ...]] = []

    def pack(tensor: Tensor) -> Tensor:
        shapes.append(tuple(tensor.shape))
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        out = run()
    return out, shapes


def _gradients(x: Tensor, modules: nn.Module) -> list[Tensor]:
    gradients = [x.grad, *(parameter.grad for parameter in modules.parameters())]
    assert all(gradient is not None for gradient in gradients)
    return [gradient.clone() for gradient in gradients if gradient is not None]


def _three() -> tuple[nn.Sequential, Tensor]:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3, padding=1, bias=False))
    return layers, torch.randn(3, 6, 8, 8).to(memory_format=torch.channels_last).requires_grad_()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", [6, 9])
def test_recompute_norm_relu_is_the_three_layers_and_their_gradients(training: bool, channels: int) -> None:
    layers, _x = _three()
    layers[0].running_mean.normal_()
    layers.train(training)
    results = []
    for recomputed in (False, True):
        whole = torch.randn(3, channels, 8, 8, generator=torch.Generator().manual_seed(1))
        whole = whole.to(memory_format=torch.channels_last).requires_grad_()
        x = whole[:, :6]
        layers.zero_grad()
        y = (
            recompute_norm_relu(layers[0], x, layers[2])
            if recomputed
            else layers(x.contiguous(memory_format=torch.channels_last))
        )
        y.square().sum().backward()
        results.append([y.detach(), *_gradients(whole, layers)])
    assert all(map(torch.equal, *results))


def test_recompute_norm_relu_keeps_what_enters_the_norm_and_nothing_behind_it() -> None:
    layers, x = _three()
    _y, plain = _kept(lambda: layers(x))
    _y, shapes = _kept(lambda: recompute_norm_relu(layers[0], x, layers[2]))
    maps = [shape for shape in shapes if shape[0] == 3]
    assert len([shape for shape in plain if shape[0] == 3]) == 3  # the norm's input, what the ReLU gave, twice
    assert maps == [(3, 6, 8, 8)]


@pytest.mark.parametrize("way", ["norm and relu", "part"])
def test_statistics_count_a_batch_once(way: str) -> None:
    layers, x = _three()
    if way == "norm and relu":
        y = recompute_norm_relu(layers[0], x, layers[2])
    else:
        y = recompute(layers, tuple(layers), tuple(layers.parameters()), x)
    before = {name: value.clone() for name, value in layers[0].named_buffers()}
    y.sum().backward()
    assert before["num_batches_tracked"] == 1
    assert all(torch.equal(value, before[name]) for name, value in layers[0].named_buffers())
    assert layers[0].track_running_stats


def test_recompute_knows_autocast_and_the_samples_outside_of_them() -> None:
    torch.manual_seed(0)
    part = nn.Sequential(nn.Conv2d(3, 8, 3), Dropout(0.5), nn.Conv2d(8, 2, 3))
    results = []
    for repeat in (False, True):
        x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(2)).requires_grad_()
        part.zero_grad()
        with chance.batch(3, 1, np.array([5, 2, 9, 7])), torch.autocast("cpu", torch.bfloat16):
            y = recompute(part, tuple(part), tuple(part.parameters()), x) if repeat else part(x)
        assert y.dtype == torch.bfloat16
        y.float().square().sum().backward()
        results.append([y.detach(), *_gradients(x, part)])
    assert all(map(torch.equal, *results))


def test_recompute_keeps_its_input_only() -> None:
    layers, x = _three()
    _y, shapes = _kept(lambda: recompute(layers, tuple(layers), tuple(layers.parameters()), x))
    assert [shape for shape in shapes if shape[0] == 3] == [(3, 6, 8, 8)]


def test_a_backward_pass_inside_autocast_reaches_every_weight() -> None:
    part = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 3))
    x = torch.randn(4, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        recompute(part, tuple(part), tuple(part.parameters()), x).float().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in part.parameters())
