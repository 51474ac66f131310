"""Likeness of gradients at neighbouring inputs: 1 where nothing bends, lost sooner without shortcuts."""

import pytest
import torch
from torch import Tensor, nn

from atalho.inspection import shattering
from atalho.inspection.norms import recomputed
from atalho.networks.build import create
from atalho.networks.network import Network

Batch = tuple[Tensor, Tensor]


def test_a_linear_function_has_one_gradient(batch: Batch) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 3))
    assert shattering.correlations(network, *batch, lines=4, points=5) == pytest.approx([1.0] * 5)


def test_it_is_the_mean_cosine_by_distance(residual: Network, batch: Batch) -> None:
    images, targets = batch
    found = shattering.correlations(residual, images, targets, lines=2, points=4)
    assert found[0] == pytest.approx(1)
    with recomputed(residual, images):
        cosines = []
        for i in range(2):
            gradients = []
            for t in (0, 1 / 3, 2 / 3, 1):
                x = ((1 - t) * images[i] + t * images[i + 2])[None].requires_grad_()
                residual(x)[0, targets[i]].backward()
                assert x.grad is not None
                gradients.append(x.grad.flatten())
            cosines += [torch.cosine_similarity(gradients[k], gradients[k + 2], dim=0).item() for k in (0, 1)]
    assert found[2] == pytest.approx(sum(cosines) / 4, rel=1e-3)


def test_a_line_runs_from_one_image_to_the_other() -> None:
    start, end = torch.zeros(3, 2, 2), torch.full((3, 2, 2), 4.0)
    assert shattering.line(start, end, 5)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_without_shortcuts_gradients_lose_their_likeness_sooner() -> None:
    images, targets = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(2)), torch.arange(16) % 10
    neighbours = {}
    for name in ("mlp34", "plainmlp34"):
        torch.manual_seed(0)
        found = shattering.correlations(create(name), images, targets, lines=4, points=17)
        neighbours[name] = found[1]
    assert neighbours["plainmlp34"] < neighbours["mlp34"]


def test_too_few_images(residual: Network, batch: Batch) -> None:
    with pytest.raises(ValueError, match="5 lines need 10 images; 8 given"):
        shattering.correlations(residual, *batch, lines=5)
