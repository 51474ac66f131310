"""Dense blocks in one storage: the plain block to the bit, and what is kept of it counted."""

import copy

import pytest
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from atalho.blocks.dense import DenseBlock
from atalho.networks.checkpointing.dense import run_dense_block


def _block(layout: torch.memory_format) -> tuple[DenseBlock, Tensor]:
    torch.manual_seed(0)
    block = DenseBlock(10, layers=5, growth_rate=6, bottleneck=2)
    return block, torch.randn(3, 10, 7, 9).to(memory_format=layout).requires_grad_()


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("bf16", [False, True])
def test_it_is_the_plain_block_and_its_gradients(layout: torch.memory_format, bf16: bool) -> None:
    plain, x = _block(layout)
    stored, results = copy.deepcopy(plain), []
    for block, run in ((plain, plain), (stored, lambda x: run_dense_block(stored, x))):
        x.grad = None
        # fp32 features enter a block in bf16 too, as behind a norm that autocast leaves alone.
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            y = run(x)
        y.float().square().sum().backward()
        results.append([y.detach(), x.grad, *(parameter.grad for parameter in block.parameters())])
    assert [tensor.dtype for tensor in results[0]] == [tensor.dtype for tensor in results[1]]
    assert all(map(torch.equal, *results))


def test_what_is_kept_grows_with_the_layers_and_not_with_their_square() -> None:
    block, x = _block(torch.channels_last)
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        run_dense_block(block, x)
    maps = sum(size for size in storages.values() if size >= 3 * 7 * 9 * 4)
    # Weights that are as large as a map are few; features are kept besides, by the recomputations.
    assert maps <= 4 * 3 * 7 * 9 * (5 * 12) + 4 * sum(p.numel() for p in block.parameters())
